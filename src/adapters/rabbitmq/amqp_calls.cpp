// The first phase of a link: what waits for the broker's answer.
#include <amqp_tcp_socket.h>

#include <stdexcept>

#include "adapters/rabbitmq/amqp_error.hpp"
#include "adapters/rabbitmq/amqp_link.hpp"

namespace warren::rabbitmq {
namespace {

constexpr int kChannelsMax = 8;
constexpr std::size_t kInBytes = 64 * 1024;

amqp_table_entry_t flag(const char* name) {
    amqp_table_entry_t entry{};
    entry.key = amqp_cstring_bytes(name);
    entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entry.value.value.boolean = 1;
    return entry;
}

amqp_table_entry_t text(const char* name, std::string_view value) {
    amqp_table_entry_t entry{};
    entry.key = amqp_cstring_bytes(name);
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = bytes_of(value);
    return entry;
}

}  // namespace

AmqpLink::AmqpLink(BrokerAddress at, const Options& options) : at_(std::move(at)), in_(kInBytes) {
    timeout_.tv_sec = options.timeout.count() / 1000;
    timeout_.tv_usec = (options.timeout.count() % 1000) * 1000;
}

AmqpLink::~AmqpLink() {
    if (state_) amqp_destroy_connection(state_);
}

Result<std::unique_ptr<AmqpLink>> AmqpLink::open(const BrokerAddress& at, const Options& options) {
    std::unique_ptr<AmqpLink> link(new AmqpLink(at, options));
    WARREN_TRY_VOID(link->connect());
    WARREN_TRY_VOID(link->sign_in(options));
    return link;
}

Result<void> AmqpLink::connect() {
    state_ = amqp_new_connection();
    auto* socket = state_ ? amqp_tcp_socket_new(state_) : nullptr;
    if (!socket) throw std::bad_alloc();
    amqp_set_handshake_timeout(state_, &timeout_);
    amqp_set_rpc_timeout(state_, &timeout_);
    const int status = amqp_socket_open_noblock(socket, at_.host.c_str(), at_.port, &timeout_);
    if (status != AMQP_STATUS_OK) return to_error(status, at_, "connecting");
    fd_ = amqp_get_sockfd(state_);
    return {};
}

Result<void> AmqpLink::sign_in(const Options& options) {
    amqp_table_entry_t capabilities[] = {flag("connection.blocked"), flag("consumer_cancel_notify")};
    amqp_table_entry_t properties[] = {text("product", "Warren"),
                                       text("connection_name", options.client_name), amqp_table_entry_t{}};
    properties[2].key = amqp_cstring_bytes("capabilities");
    properties[2].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[2].value.value.table = {2, capabilities};
    const amqp_table_t table{3, properties};
    const auto reply =
        amqp_login_with_properties(state_, at_.vhost.c_str(), kChannelsMax, AMQP_DEFAULT_FRAME_SIZE,
                                   static_cast<int>(options.heartbeat.count()), &table,
                                   AMQP_SASL_METHOD_PLAIN, at_.user.c_str(), at_.password.c_str());
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) return to_error(reply, at_, "signing in");
    heartbeat_ = std::chrono::seconds(amqp_get_heartbeat(state_));
    last_sent_ = last_read_ = Clock::now();
    return {};
}

Result<void> AmqpLink::reply_of(std::string_view doing) {
    const auto reply = amqp_get_rpc_reply(state_);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) return to_error(reply, at_, doing);
    last_sent_ = last_read_ = Clock::now();
    return {};
}

Result<void> AmqpLink::open_channel(amqp_channel_t channel) {
    amqp_channel_open(state_, channel);
    return reply_of("opening an AMQP channel");
}

Result<void> AmqpLink::declare_exchange(amqp_channel_t channel, const std::string& name, const char* type) {
    amqp_exchange_declare(state_, channel, bytes_of(name), amqp_cstring_bytes(type), 0, 1, 0, 0,
                          amqp_empty_table);
    return reply_of("declaring the exchange " + name);
}

Result<std::string> AmqpLink::declare_own_queue(amqp_channel_t channel, std::size_t bytes_max) {
    amqp_table_entry_t arguments[] = {amqp_table_entry_t{}, text("x-overflow", "drop-head")};
    arguments[0].key = amqp_cstring_bytes("x-max-length-bytes");
    arguments[0].value.kind = AMQP_FIELD_KIND_I64;
    arguments[0].value.value.i64 = static_cast<std::int64_t>(bytes_max);
    const auto* declared = amqp_queue_declare(state_, channel, amqp_empty_bytes, 0, 0, 1, 0, {2, arguments});
    WARREN_TRY_VOID(reply_of("declaring its queue"));
    return std::string(static_cast<const char*>(declared->queue.bytes), declared->queue.len);
}

Result<void> AmqpLink::bind_queue(amqp_channel_t channel, const std::string& queue,
                                  const std::string& exchange) {
    amqp_queue_bind(state_, channel, bytes_of(queue), bytes_of(exchange), amqp_empty_bytes, amqp_empty_table);
    return reply_of("binding its queue to " + exchange);
}

Result<void> AmqpLink::limit_unacknowledged(amqp_channel_t channel, std::uint16_t prefetch) {
    amqp_basic_qos(state_, channel, 0, prefetch, 0);
    return reply_of("setting the prefetch");
}

Result<void> AmqpLink::consume(amqp_channel_t channel, const std::string& queue) {
    amqp_basic_consume(state_, channel, bytes_of(queue), amqp_empty_bytes, 0, 0, 1, amqp_empty_table);
    return reply_of("consuming from its queue");
}

Result<void> AmqpLink::select_confirms(amqp_channel_t channel) {
    amqp_confirm_select(state_, channel);
    return reply_of("asking for confirms");
}

void AmqpLink::close() {
    // A broker that does not answer soon is left: everything was written, and nobody waits for more.
    const timeval soon{1, 0};
    amqp_set_rpc_timeout(state_, &soon);
    amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
}

}  // namespace warren::rabbitmq
