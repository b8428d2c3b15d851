#include "gateway/gateway.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/core.hpp"
#include "gateway/encode.hpp"
#include "http/address.hpp"

namespace warren::gateway {
namespace {

constexpr std::chrono::seconds kLastAnswers{3};
constexpr std::size_t kTokenBytesMax = 512;

std::string token_of(const json::value& auth) {
    const auto* object = auth.if_object();
    const auto* token = object ? object->if_contains("token") : nullptr;
    const auto* text = token ? token->if_string() : nullptr;
    return text && text->size() <= kTokenBytesMax ? std::string(*text) : std::string();
}

std::shared_ptr<Client> client_of(socketio::Connection& connection) {
    const auto* registration = static_cast<const Registration*>(connection.context().get());
    return registration ? registration->client : nullptr;
}

Result<Doing> check(const Verb* verb, const socketio::Event& event, const chat::Limits& limits) {
    if (!verb) {
        return Error{Errc::unknown_event, "There is no event of that name; docs/protocol.md lists them all."};
    }
    if (!event.attachments.empty()) return Error{Errc::invalid, "No event takes binary data."};
    return verb->check(Arguments(event.args, event.raw_args), limits);
}

}  // namespace

Gateway::Gateway(chat::Chat& chat, chat::Accounts& accounts, http::Shard& chat_shard, Options options,
                 Metrics& metrics)
    : core_(std::make_shared<Core>(chat, accounts, chat_shard, std::move(options), metrics)) {}

Gateway::~Gateway() = default;

void Gateway::start() {
    spawn(core_->chat.executor(), "gateway_watch", watch(core_));
}

Task<void> Gateway::recheck_sessions() {
    auto checking = recheck(core_);
    co_await std::move(checking);
}

void Gateway::stop() {
    core_->stopped = true;
    core_->outbox->drop();
}

std::size_t Gateway::connection_count() const {
    return core_->connections;
}

Task<void> Gateway::drain(std::chrono::milliseconds over) {
    const auto core = core_;
    core->draining = true;
    for (const auto& [address, weak] : core->clients) {
        if (auto client = weak.lock()) core->outbox->put(client, End{.within = core->up_to(over)});
    }
    // What was taken last is answered by its deadline, overdue or not.
    const auto until = core->now() + over + core->options.event_timeout + kLastAnswers;
    while (core->connections != 0 && core->now() < until) {
        auto waiting =
            core->chat.environment().clock.sleep_until(core->now() + std::chrono::milliseconds{20});
        co_await std::move(waiting);
    }
}

Task<socketio::Admission> Gateway::admit(std::shared_ptr<socketio::Connection> connection) {
    auto token = token_of(connection->auth());
    if (token.empty()) co_return socketio::Refuse{"Token not found"};
    auto address = http::address_key(connection->remote());
    connection->forget_auth();
    auto& shard = connection->shard();
    const auto core = core_;
    auto admitting = admit_client(core, &shard, std::move(token), std::move(address));
    auto outcome = co_await asio::co_spawn(core->chat.executor(), std::move(admitting), asio::use_awaitable);
    if (outcome) co_return socketio::Accept{std::move(*outcome)};
    // Only a token known to be bad is refused: a stock client does not come back from that by itself.
    if (outcome.error() == Errc::unauthenticated) co_return socketio::Refuse{"Invalid token"};
    co_return socketio::CloseTransport{};
}

void Gateway::connected(std::shared_ptr<socketio::Connection> connection) {
    if (const auto client = client_of(*connection)) client->connected(std::move(connection));
}

void Gateway::on_event(std::shared_ptr<socketio::Connection> connection, socketio::Event event) {
    const auto client = client_of(*connection);
    if (!client) return;
    const auto refuse = [&](const Error& error) {
        core_->counts.answers(info(error.code).wire_name).Increment();
        if (event.ack) event.ack.raw(error_json(error));
    };
    const auto* verb = find_verb(event.name);
    // Rates come first, so that rubbish costs its sender as much as sense does.
    const auto taken = client->take(verb ? verb->rate : RateClass::read, core_->now());
    if (!taken) return refuse(taken.error());
    auto doing = check(verb, event, core_->chat.environment().limits);
    if (!doing) {
        refuse(doing.error());
        client->dismissed();
        return;
    }
    core_->chat_shard.post(
        [core = core_, client, verb, ack = std::move(event.ack), doing = std::move(*doing)]() mutable {
            std::make_shared<Call>(core, client, *verb, std::move(ack))->start(std::move(doing));
        });
}

void Gateway::disconnected(std::shared_ptr<socketio::Connection> connection, std::string_view) {
    if (const auto client = client_of(*connection)) client->gone();
    connection->context().reset();
}

}  // namespace warren::gateway
