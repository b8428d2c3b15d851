#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace warren::app {

/// A size; written `16 KiB`, `1 MB` or as a plain number.
struct Bytes {
    std::uint64_t n = 0;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// So many in a span of time; written `30/10s`.
struct Rate {
    std::uint64_t count = 0;
    std::chrono::milliseconds per{1};
    friend bool operator==(const Rate&, const Rate&) = default;
};

/// What a node is told: one member for each key of the table in config_keys.cpp, which holds names, defaults,
/// limits and texts. `http.listen` is `http_listen` here. A plain value.
/// @see docs/configuration.md
struct Config {
    std::string node_name;

    std::string http_listen;
    std::uint64_t http_shards;
    std::string http_cors_origin;
    bool http_secure_cookies;
    bool http_trust_forwarded_for;
    Bytes http_header_max;
    Bytes http_body_max;
    std::chrono::milliseconds http_header_timeout;
    std::chrono::milliseconds http_body_timeout;
    std::chrono::milliseconds http_keep_alive_timeout;
    std::chrono::milliseconds http_write_timeout;

    std::chrono::milliseconds socketio_ping_interval;
    std::chrono::milliseconds socketio_ping_timeout;
    std::chrono::milliseconds socketio_connect_timeout;
    std::chrono::milliseconds socketio_upgrade_timeout;
    Bytes socketio_frame_max;
    Bytes socketio_queue_max;
    std::string socketio_client_dir;

    std::string admin_listen;
    std::string admin_socket;
    std::chrono::milliseconds admin_drain;

    std::string store_data_dir;
    std::uint64_t store_readers;
    std::string mongodb_url;
    std::string mongodb_database;
    std::uint64_t mongodb_pool;
    std::vector<std::string> rabbitmq_urls;
    std::string rabbitmq_exchange_prefix;
    Bytes rabbitmq_queue_max;
    std::uint64_t rabbitmq_prefetch;
    std::chrono::milliseconds rabbitmq_heartbeat;

    std::chrono::milliseconds sessions_lifetime;
    std::uint64_t passwords_threads;
    std::uint64_t passwords_queue;
    std::uint64_t passwords_passes;
    Bytes passwords_memory;

    std::uint64_t limits_connections;
    Bytes cache_memory;
    std::uint64_t limits_connections_per_address;
    std::uint64_t limits_connections_per_user;
    std::uint64_t limits_events_in_flight;
    std::chrono::milliseconds limits_event_timeout;
    Rate limits_send_per_connection;
    Rate limits_send_per_user;
    Rate limits_create_per_connection;
    Rate limits_create_per_user;
    Rate limits_read_per_connection;
    Rate limits_read_per_user;
    Rate limits_sync_per_connection;
    Rate limits_sync_per_user;
    Rate limits_search_per_connection;
    Rate limits_search_per_user;
    Rate limits_receipt_per_connection;
    Rate limits_receipt_per_user;
    Rate limits_events_per_address;
    Rate limits_rest_per_address;
    Rate limits_people_search_per_user;
    Rate limits_sign_in_per_address;
    Rate limits_sign_in_per_account;
    Bytes limits_message;
    Bytes limits_data;
    Bytes limits_type;
    std::uint64_t limits_mentions = 0;
    std::uint64_t limits_emoji_per_message = 0;
    std::uint64_t limits_channel_name;
    Bytes limits_picture;
    std::uint64_t limits_group_members;
    std::uint64_t limits_blocked;
    std::uint64_t limits_members_per_change;
    Bytes limits_query;
    std::uint64_t limits_query_words;
    std::uint64_t limits_searched_channels;
    std::uint64_t limits_sync_channels;
    Bytes limits_answer;
    std::uint64_t limits_waiting_per_channel;
    std::uint64_t limits_cached_members;
    Bytes limits_held;
    std::uint64_t limits_stashed_per_channel;
    std::uint64_t limits_unannounced;
    std::uint64_t limits_receipts_waiting;

    std::chrono::milliseconds delivery_gap_wait;
    std::chrono::milliseconds delivery_opening_hold;
    std::chrono::milliseconds delivery_resync_patience;
    std::chrono::milliseconds delivery_unbind_after;
    std::chrono::milliseconds delivery_beat_lost_after;
    std::uint64_t delivery_large_group_bind;
    std::uint64_t delivery_large_group_publish;
    std::chrono::milliseconds delivery_receipt_delay;
    std::chrono::milliseconds delivery_store_timeout;
    std::chrono::milliseconds delivery_reconnect_jitter;
    std::chrono::milliseconds delivery_recheck_period;
    std::chrono::milliseconds deletion_sweep_every;
    std::chrono::milliseconds deletion_sweep_notes_after;
    std::chrono::milliseconds typing_ttl;
    std::chrono::milliseconds typing_interval;
    std::uint64_t typing_channels;
    std::chrono::milliseconds presence_ttl;
    std::chrono::milliseconds presence_linger;
    std::chrono::milliseconds presence_answer_wait;
    std::uint64_t presence_watched;
    std::chrono::milliseconds audit_period;
    std::uint64_t audit_rate;

    std::chrono::milliseconds retention_max_age;
    std::uint64_t retention_max_messages;
    std::chrono::milliseconds retention_min_age;
    std::chrono::milliseconds retention_sweep_every;

    std::string log_level;
    std::string log_format;
};

/// Where each value came from, by key: `default`, `FILE:LINE`, `$WARREN_...` or `--flag`.
using Sources = std::map<std::string, std::string, std::less<>>;

/// What loading gives: a usable config if `problems` is empty; else one line for each thing to mend, each
/// with the place and what would be right.
struct LoadedConfig {
    Config config{};
    Sources sources;
    std::vector<std::string> problems;
};

/// A value given on the command line: the key, its text, and the flag to name in messages.
struct FlagValue {
    std::string key, text, flag;
};

struct ConfigInput {
    std::string file;                                ///< Empty: none.
    std::map<std::string, std::string> environment;  ///< Names that do not start with WARREN_ are ignored.
    std::vector<FlagValue> flags;
};

/// Reads the layers in rising precedence (defaults, file, environment, flags), checks every value and what
/// the values mean together.
LoadedConfig load_config(const ConfigInput& input);

/// The process's environment.
std::map<std::string, std::string> process_environment();

/// The effective configuration as TOML with each value's source; secrets as `"********"`.
std::string print_config(const LoadedConfig& loaded);

/// The text of docs/configuration.md, made from the table.
std::string configuration_document();

/// A listen address's two halves; the table has made sure of the form. `[::1]:80` gives `::1` and 80.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};
HostPort split_listen(std::string_view listen);

}  // namespace warren::app
