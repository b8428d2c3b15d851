#include "app/node_options.hpp"

#include <filesystem>

namespace warren::app {
namespace {

std::chrono::seconds in_seconds(std::chrono::milliseconds span) {
    return std::chrono::ceil<std::chrono::seconds>(span);
}

gateway::Rate rate_of(const Rate& rate) {
    return {rate.count, rate.per};
}

api::TryRate try_rate_of(const Rate& rate) {
    return {rate.count, rate.per};
}

}  // namespace

chat::Limits chat_limits(const Config& config) {
    chat::Limits out;
    out.message_bytes_max = config.limits_message.n;
    out.data_bytes_max = config.limits_data.n;
    out.type_bytes_max = config.limits_type.n;
    out.mentions_max = config.limits_mentions;
    out.emoji_per_message_max = config.limits_emoji_per_message;
    out.channel_name_chars_max = config.limits_channel_name;
    out.picture_bytes_max = config.limits_picture.n;
    out.group_members_max = config.limits_group_members;
    out.blocked_max = config.limits_blocked;
    out.members_per_change_max = config.limits_members_per_change;
    out.query = {config.limits_query.n, config.limits_query_words};
    out.searched_channels_max = config.limits_searched_channels;
    out.sync_channels_max = config.limits_sync_channels;
    out.answer_bytes_max = config.limits_answer.n;
    out.waiting_per_channel_max = config.limits_waiting_per_channel;
    out.cached_members_max = config.limits_cached_members;
    out.held_bytes_max = config.limits_held.n;
    out.stashed_per_channel_max = config.limits_stashed_per_channel;
    out.unannounced_max = config.limits_unannounced;
    out.receipts_waiting_max = config.limits_receipts_waiting;
    out.gap_wait = config.delivery_gap_wait;
    out.opening_hold = config.delivery_opening_hold;
    out.resync_patience = in_seconds(config.delivery_resync_patience);
    out.audit_period_min = in_seconds(config.audit_period);
    out.audit_rate = config.audit_rate;
    out.unbind_after = in_seconds(config.delivery_unbind_after);
    out.beat_lost_after = in_seconds(config.delivery_beat_lost_after);
    out.large_group_bind = config.delivery_large_group_bind;
    out.large_group_publish = config.delivery_large_group_publish;
    out.receipt_delay = config.delivery_receipt_delay;
    out.retention = {config.retention_max_age, config.retention_max_messages};
    out.retention_min_age = config.retention_min_age;
    out.retention_sweep_every = config.retention_sweep_every;
    out.store_timeout = config.delivery_store_timeout;
    out.sweep_every = in_seconds(config.deletion_sweep_every);
    out.sweep_notes_after = in_seconds(config.deletion_sweep_notes_after);
    out.typing_channels_max = config.typing_channels;
    out.typing_ttl = config.typing_ttl;
    out.typing_interval = config.typing_interval;
    out.presence_ttl = config.presence_ttl;
    out.presence_linger = config.presence_linger;
    out.presence_answer_wait = config.presence_answer_wait;
    out.watched_max = config.presence_watched;
    return out;
}

http::ServerOptions http_options(const Config& config, Metrics& metrics) {
    auto [host, port] = split_listen(config.http_listen);
    http::ServerOptions out;
    out.address = std::move(host);
    out.port = port;
    out.shards = config.http_shards;
    out.trust_forwarded_for = config.http_trust_forwarded_for;
    out.metrics = &metrics;
    auto& limits = out.limits;
    limits.header_bytes_max = config.http_header_max.n;
    limits.body_bytes_max = config.http_body_max.n;
    limits.header_timeout = config.http_header_timeout;
    limits.body_timeout = config.http_body_timeout;
    limits.keep_alive_timeout = config.http_keep_alive_timeout;
    limits.write_timeout = config.http_write_timeout;
    limits.websocket_message_bytes_max = config.socketio_frame_max.n;
    limits.websocket_queue_bytes_max = config.socketio_queue_max.n;
    limits.connections_max = config.limits_connections;
    limits.connections_per_address_max = config.limits_connections_per_address;
    return out;
}

socketio::Options socketio_options(const Config& config, std::uint64_t node) {
    socketio::Options out;
    out.connect_timeout = config.socketio_connect_timeout;
    out.client_bundles = config.socketio_client_dir.empty()
                             ? socketio::find_client_bundles()
                             : std::filesystem::path(config.socketio_client_dir);
    auto& engine = out.engine;
    engine.ping_interval = config.socketio_ping_interval;
    engine.ping_timeout = config.socketio_ping_timeout;
    engine.upgrade_timeout = config.socketio_upgrade_timeout;
    engine.max_payload = config.socketio_frame_max.n;
    engine.queue_bytes_max = config.socketio_queue_max.n;
    engine.sessions_max = config.limits_connections;
    engine.node = static_cast<std::uint32_t>(node & 0xffffff);
    engine.cors_origin = config.http_cors_origin;
    engine.cors_credentials = !config.http_cors_origin.empty() && config.http_cors_origin != "*";
    return out;
}

gateway::Options gateway_options(const Config& config, const std::string& node_name) {
    gateway::Options out;
    out.node_name = node_name;
    out.connection_rates = {
        rate_of(config.limits_send_per_connection),   rate_of(config.limits_create_per_connection),
        rate_of(config.limits_read_per_connection),   rate_of(config.limits_sync_per_connection),
        rate_of(config.limits_search_per_connection), rate_of(config.limits_receipt_per_connection)};
    out.user_rates = {rate_of(config.limits_send_per_user),   rate_of(config.limits_create_per_user),
                      rate_of(config.limits_read_per_user),   rate_of(config.limits_sync_per_user),
                      rate_of(config.limits_search_per_user), rate_of(config.limits_receipt_per_user)};
    out.address_rate = rate_of(config.limits_events_per_address);
    out.early_bytes_max = config.limits_held.n;
    out.connections_per_user_max = config.limits_connections_per_user;
    out.connections_per_address_max = config.limits_connections_per_address;
    out.events_in_flight_max = config.limits_events_in_flight;
    out.event_timeout = config.limits_event_timeout;
    out.admission_timeout = config.limits_event_timeout;
    out.reconnect_jitter = config.delivery_reconnect_jitter;
    out.recheck_period = in_seconds(config.delivery_recheck_period);
    return out;
}

api::RestOptions rest_options(const Config& config, std::uint64_t salt) {
    api::RestOptions out;
    out.secure_cookies = config.http_secure_cookies;
    out.cors_origin = config.http_cors_origin;
    out.sign_ins_per_address = try_rate_of(config.limits_sign_in_per_address);
    out.sign_ins_per_account = try_rate_of(config.limits_sign_in_per_account);
    out.calls_per_address = try_rate_of(config.limits_rest_per_address);
    out.searches_per_user = try_rate_of(config.limits_people_search_per_user);
    out.salt = salt;
    out.timeout = config.limits_event_timeout;
    return out;
}

}  // namespace warren::app
