// Long because every port has a stand-in here.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>

#include "chat/environment.hpp"
#include "ports/system_clock.hpp"
#include "socketio/connection.hpp"

namespace warren::gateway::testing {

template <class T>
Task<Result<T>> gives(T value) {
    co_return value;
}
inline Task<Result<void>> done() {
    co_return Result<void>();
}
template <class T>
Task<Result<T>> fails(Errc code) {
    co_return Error(code);
}

/// Stores without channels: whoever asks is in none.
class NoEntries final : public EntryStore {
public:
    Task<Result<EntryPtr>> head(ChannelId, Deadline) override { return gives(EntryPtr()); }
    Task<Result<std::vector<EntryPtr>>> heads(std::vector<ChannelId> channels, Deadline) override {
        return gives(std::vector<EntryPtr>(channels.size()));
    }
    Task<Result<std::vector<EntryPtr>>> find_nonces(ChannelId, std::vector<NonceKey>, Deadline) override {
        return gives(std::vector<EntryPtr>());
    }
    Task<Result<void>> insert(std::vector<EntryPtr>, Unless, Deadline) override { return done(); }
    Task<Result<std::vector<EntryPtr>>> range(ChannelId, Seq, Seq, std::size_t, Deadline) override {
        return gives(std::vector<EntryPtr>());
    }
    Task<Result<std::vector<EntryPtr>>> targeting(ChannelId, Bucket, Seq, Deadline) override {
        return gives(std::vector<EntryPtr>());
    }
    Task<Result<std::vector<EntryPtr>>> at(std::vector<Place>, Deadline) override {
        return gives(std::vector<EntryPtr>());
    }
    Task<Result<void>> note_blankings(std::vector<Blanking>, Deadline) override { return done(); }
    Task<Result<std::vector<Blanking>>> blankings(WallTime, std::size_t, Deadline) override {
        return gives(std::vector<Blanking>());
    }
    Task<Result<void>> blank(std::vector<EntryPtr>, Deadline) override { return done(); }
    Task<Result<void>> forget_blanking(EntryId, Deadline) override { return done(); }
    Task<Result<Hits>> search(std::vector<ChannelId>, words::Needles, std::optional<Hit>, std::size_t,
                              Deadline) override {
        return gives(Hits());
    }
    Task<Result<void>> remove_bucket(ChannelId, Bucket, Deadline) override { return done(); }
};

/// `stays_of` is where a test decides how a read goes.
class NoChannels final : public ChannelStore {
public:
    enum class Stays { none, throws, never_comes };
    std::atomic<Stays> stays{Stays::none};
    Clock* clock = nullptr;

    Task<Result<ChannelId>> claim_origin(std::string, ChannelId mine, Deadline) override {
        return gives(mine);
    }
    Task<Result<void>> put_channel(Channel, Deadline) override { return done(); }
    Task<Result<void>> raise_start(ChannelId, LogStart, Deadline) override { return done(); }
    Task<Result<void>> set_retention(ChannelId, std::optional<RetentionPolicy>, Deadline) override {
        return done();
    }
    Task<Result<std::vector<Channel>>> list(ChannelId, std::size_t, Deadline) override {
        return gives(std::vector<Channel>());
    }
    Task<Result<std::vector<Channel>>> channels(std::vector<ChannelId>, Deadline) override {
        return gives(std::vector<Channel>());
    }
    Task<Result<void>> merge_members(std::vector<MemberRow>, Deadline) override { return done(); }
    Task<Result<std::vector<MemberRow>>> members(ChannelId, Seq, UserId, std::size_t, Deadline) override {
        return gives(std::vector<MemberRow>());
    }
    Task<Result<std::vector<MemberRow>>> stays_of(UserId, Deadline) override {
        if (stays == Stays::throws) throw std::runtime_error("a broken invariant");
        if (stays == Stays::never_comes) {
            auto sleeping = clock->sleep_until(clock->now() + std::chrono::hours{1});
            co_await std::move(sleeping);
        }
        co_return std::vector<MemberRow>();
    }
};

class NoMembers final : public MemberStore {
public:
    Task<Result<void>> merge(std::vector<MemberUpdate>, Deadline) override { return done(); }
    Task<Result<std::vector<MemberState>>> at(std::vector<MemberKey>, Deadline) override {
        return gives(std::vector<MemberState>());
    }
};

/// One person, whose session is there as long as `signed_in`.
class OneUser final : public UserStore {
public:
    User user;
    std::atomic<bool> signed_in{true}, reachable{true};
    /// Called when a session was looked up by its token, before the answer.
    std::function<void()> looked = [] {};
    std::atomic<int> rechecks{0};

    Task<Result<void>> create(Account, Deadline) override { return done(); }
    Task<Result<std::vector<User>>> users(std::vector<UserId>, Deadline) override {
        return gives(std::vector<User>{user});
    }
    Task<Result<std::optional<Account>>> by_email(std::string, Deadline) override {
        return gives(std::optional<Account>());
    }
    Task<Result<std::vector<User>>> search(std::string, std::size_t, std::size_t, Deadline) override {
        return gives(std::vector<User>());
    }
    Task<Result<std::vector<User>>> list(UserId, std::size_t, Deadline) override {
        return gives(std::vector<User>());
    }
    Task<Result<void>> set_password_hash(UserId, std::string, Deadline) override { return done(); }
    Task<Result<void>> put_last_seen(std::vector<LastSeen>, Deadline) override { return done(); }
    Task<Result<std::vector<LastSeen>>> last_seen(std::vector<UserId>, Deadline) override {
        return gives(std::vector<LastSeen>());
    }
    Task<Result<void>> set_status(UserId, UserStatus, Deadline) override { return done(); }
    Task<Result<void>> put_session(Session, Deadline) override { return done(); }
    Task<Result<std::vector<Session>>> sessions_of(UserId, Deadline) override {
        return gives(std::vector<Session>());
    }
    Task<Result<std::optional<Session>>> session_by_token(TokenHash, Deadline) override {
        return gives(std::optional<Session>());
    }
    Task<Result<std::optional<Session>>> session_by_socket_token(TokenHash hash, Deadline) override {
        if (!reachable) co_return Error(Errc::unavailable);
        std::optional<Session> session;
        if (signed_in && hash[0] == 'g') {
            session.emplace();
            session->socket_token_hash = hash;
            session->user = user.id;
            session->expires_at = WallTime::max();
        }
        looked();
        co_return session;
    }
    Task<Result<void>> end_sessions(UserId, Deadline) override { return done(); }
    Task<Result<std::vector<TokenHash>>> existing_sessions(std::vector<TokenHash> hashes, WallTime,
                                                           Deadline) override {
        ++rechecks;
        if (!reachable) co_return Error(Errc::unavailable);
        if (!signed_in) hashes.clear();
        co_return hashes;
    }
};

class NoBlocks final : public BlockStore {
public:
    Task<Result<void>> put(Block, Deadline) override { return done(); }
    Task<Result<void>> remove(Block, Deadline) override { return done(); }
    Task<Result<std::vector<UserId>>> blocked_by(UserId, Deadline) override {
        return gives(std::vector<UserId>());
    }
    Task<Result<std::vector<Block>>> existing(std::vector<Block>, Deadline) override {
        return gives(std::vector<Block>());
    }
};

class QuietBus final : public MessageBus {
public:
    void start(asio::any_io_executor, BusListener& listener) override { listener.on_up(); }
    Task<void> stop() override { co_return; }
    void bind(BusKey) override {}
    void unbind(BusKey) override {}
    Task<Result<void>> barrier(Deadline) override { return done(); }
    Task<Result<void>> publish(std::vector<BusKey>, BusMessage, Deadline) override { return done(); }
    void publish_control(ControlMessage) override {}
    std::uint64_t partition_map_hash() const override { return 0; }
};

/// A token's hash begins with its first letter; `g` is good.
class NoSecrets final : public Secrets {
public:
    Task<Result<std::string>> hash_password(std::string) override { return gives(std::string()); }
    Task<Result<bool>> verify_password(std::string, std::string) override { return gives(false); }
    std::string random_token() override { return {}; }
    std::uint64_t random_number() override { return 0; }
    TokenHash hash_token(std::string_view token) override {
        TokenHash hash{};
        for (std::size_t i = 0; i < std::min(token.size(), hash.size()); ++i)
            hash[i] = static_cast<std::uint8_t>(token[i]);
        return hash;
    }
    std::string derive_token(std::string_view token, std::string_view) override { return std::string(token); }
};

/// A connection whose client is the test: what was sent to it, in order. Read from any thread.
class FakeConnection final : public socketio::Connection,
                             public std::enable_shared_from_this<FakeConnection> {
public:
    FakeConnection(http::Shard& shard, socketio::json::value auth) : shard_(shard), auth_(std::move(auth)) {}
    socketio::Application* application = nullptr;

    std::string_view id() const override { return "id"; }
    http::Shard& shard() override { return shard_; }
    const socketio::json::value& auth() const override { return auth_; }
    void forget_auth() override { auth_ = nullptr; }
    asio::ip::address remote() const override { return asio::ip::make_address("127.0.0.1"); }
    std::shared_ptr<void>& context() override { return context_; }
    bool is_connected() const override { return connected_; }
    void send(const socketio::EncodedPacket& packet) override { note(std::string(packet->text.payload())); }
    Footprint footprint() const override { return {}; }
    Task<Result<socketio::Answer>> emit_with_ack(std::string, socketio::json::array,
                                                 std::chrono::milliseconds) override {
        return fails<socketio::Answer>(Errc::unavailable);
    }
    void disconnect() override { end("disconnect"); }
    void close_transport() override { end("close"); }
    std::size_t queued_bytes() const override { return 0; }

    void set_connected() { connected_ = true; }
    void end(std::string_view how) {
        if (!std::exchange(connected_, false)) return;
        note(std::string(how));
        if (application) application->disconnected(shared_from_this(), how);
    }
    std::vector<std::string> said() const {
        const std::lock_guard lock(mutex_);
        return said_;
    }

protected:
    std::string_view nsp() const override { return "/"; }

private:
    void note(std::string what) {
        const std::lock_guard lock(mutex_);
        said_.push_back(std::move(what));
    }

    http::Shard& shard_;
    socketio::json::value auth_;
    std::shared_ptr<void> context_;
    bool connected_ = false;
    mutable std::mutex mutex_;
    std::vector<std::string> said_;
};

}  // namespace warren::gateway::testing
