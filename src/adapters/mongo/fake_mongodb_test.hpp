#pragma once
#include <bson/bson.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/mongo/document.hpp"
#include "base/task.hpp"

namespace warren::adapters::mongo::testing {

/// The primary of a replica set as far as libmongoc can see: answers its handshake, keeps every command that
/// it gets, and answers as the test says. For what the tests' real server does not do: operation times,
/// concerns, refusals, silence. Listens on a free port of 127.0.0.1; a thread per connection; gone with the
/// object.
class FakeMongodb {
public:
    struct Command {
        std::string name;
        std::string json;  ///< Relaxed extended JSON; documents of an insert are not in it.
    };
    /// The answer to a command, or nothing: it is never answered. Called on the connections' threads.
    using Answer = std::function<std::optional<Document>(const Command&)>;

    explicit FakeMongodb(Answer answer = ok)
        : answer_(std::move(answer)),
          acceptor_(io_, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        thread_ = std::thread([this] { accept(); });
    }
    ~FakeMongodb() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
            for (auto& connection : connections_)
                ::shutdown(connection->native_handle(), SHUT_RDWR);
        }
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
        for (auto& thread : threads_)
            thread.join();
    }

    std::uint16_t port() { return acceptor_.local_endpoint().port(); }
    std::string url(const std::string& user = "") {
        return "mongodb://" + user + "127.0.0.1:" + std::to_string(port()) + "/";
    }
    /// The commands of that name so far.
    std::vector<Command> commands(std::string_view name) {
        const std::lock_guard lock(mutex_);
        std::vector<Command> out;
        for (const auto& command : commands_) {
            if (command.name == name) out.push_back(command);
        }
        return out;
    }

    static std::optional<Document> ok(const Command& command) {
        Document reply;
        if (command.name == "find") {
            Document cursor;
            cursor.add("id", std::int64_t{0}).add("ns", "warren.x").add("firstBatch", List());
            reply.add("cursor", cursor);
        }
        reply.add("ok", 1.0).add("n", std::int32_t{1});
        return reply;
    }
    static Document refusal(std::int32_t code, const char* message) {
        Document reply;
        reply.add("ok", 0.0).add("code", code).add("errmsg", message);
        return reply;
    }
    /// Adds what a replica set says with every answer.
    static Document at_time(Document reply, std::uint32_t seconds, std::uint32_t increment) {
        bson_append_timestamp(reply.get(), "operationTime", -1, seconds, increment);
        Document signature;
        const std::uint8_t hash[20]{};
        bson_append_binary(signature.get(), "hash", -1, BSON_SUBTYPE_BINARY, hash, sizeof hash);
        signature.add("keyId", std::int64_t{0});
        Document cluster;
        bson_append_timestamp(cluster.get(), "clusterTime", -1, seconds, increment);
        cluster.add("signature", signature);
        reply.add("$clusterTime", cluster);
        return reply;
    }

private:
    using Socket = asio::ip::tcp::socket;
    static constexpr std::int32_t kOpReply = 1;
    static constexpr std::int32_t kOpQuery = 2004;
    static constexpr std::int32_t kOpMsg = 2013;

    void accept() {
        while (true) {
            boost::system::error_code failed;
            auto socket = std::make_shared<Socket>(io_);
            acceptor_.accept(*socket, failed);
            const std::lock_guard lock(mutex_);
            if (ending_ || failed) return;
            connections_.push_back(socket);
            threads_.emplace_back([this, socket] { serve(*socket); });
        }
    }

    void serve(Socket& socket) {
        std::array<std::int32_t, 4> header{};
        boost::system::error_code failed;
        while (true) {
            asio::read(socket, asio::buffer(header), failed);
            if (failed) return;
            std::string body(static_cast<std::size_t>(header[0]) - sizeof header, '\0');
            asio::read(socket, asio::buffer(body), failed);
            if (failed) return;
            const bool is_query = header[3] == kOpQuery;
            // OP_QUERY: flags, collection, skip, limit; OP_MSG: flags and the kind of the first section.
            const auto at = is_query ? 4 + std::strlen(body.data() + 4) + 1 + 8 : 5;
            if (const auto reply = reply_to(body.data() + at)) write(socket, header[1], is_query, *reply);
        }
    }

    std::optional<Document> reply_to(const char* data) {
        std::int32_t size = 0;
        std::memcpy(&size, data, sizeof size);
        bson_t bson;
        if (!bson_init_static(&bson, reinterpret_cast<const std::uint8_t*>(data),
                              static_cast<std::size_t>(size)))
            return std::nullopt;
        bson_iter_t first;
        bson_iter_init(&first, &bson);
        bson_iter_next(&first);
        char* json = bson_as_relaxed_extended_json(&bson, nullptr);
        Command command{bson_iter_key(&first), json};
        bson_free(json);
        {
            const std::lock_guard lock(mutex_);
            commands_.push_back(command);
        }
        if (command.name == "hello" || command.name == "isMaster" || command.name == "ismaster")
            return hello();
        return answer_(command);
    }

    Document hello() {
        const auto me = "127.0.0.1:" + std::to_string(port());
        List hosts;
        hosts.add(me);
        Document reply;
        reply.add("ok", 1.0).add("helloOk", true).add("ismaster", true).add("isWritablePrimary", true);
        reply.add("setName", "rs0").add("hosts", hosts).add("primary", me).add("me", me);
        reply.add("minWireVersion", std::int32_t{0}).add("maxWireVersion", std::int32_t{17});
        reply.add("maxBsonObjectSize", std::int32_t{16'777'216})
            .add("maxWriteBatchSize", std::int32_t{100'000});
        reply.add("maxMessageSizeBytes", std::int32_t{48'000'000});
        reply.add("logicalSessionTimeoutMinutes", std::int32_t{30});
        return reply;
    }

    static void write(Socket& socket, std::int32_t to, bool is_query, const Document& reply) {
        std::string out;
        const auto number = [&out](auto value) {
            out.append(reinterpret_cast<const char*>(&value), sizeof value);
        };
        const auto prefix = is_query ? 20 : 5;
        number(static_cast<std::int32_t>(16 + prefix + static_cast<int>(reply.get()->len)));
        number(std::int32_t{1});
        number(to);
        number(is_query ? kOpReply : kOpMsg);
        number(std::int32_t{0});
        if (is_query) {
            number(std::int64_t{0});
            number(std::int32_t{0});
            number(std::int32_t{1});
        } else {
            out += '\0';
        }
        out.append(reinterpret_cast<const char*>(bson_get_data(reply.get())), reply.get()->len);
        boost::system::error_code ignored;
        asio::write(socket, asio::buffer(out), ignored);
    }

    Answer answer_;
    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::mutex mutex_;
    bool ending_ = false;
    std::vector<Command> commands_;
    std::vector<std::shared_ptr<Socket>> connections_;
    std::vector<std::thread> threads_;
    std::thread thread_;
};

}  // namespace warren::adapters::mongo::testing
