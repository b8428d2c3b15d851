// One table of every key: longer than a file of logic should be, since each key is a row with its manual
// text.
#include "app/config_keys.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <charconv>
#include <numeric>

namespace warren::app {
namespace {

constexpr std::uint64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;

std::string check_listen(std::string_view text) {
    constexpr auto kWrong = "is not ADDRESS:PORT with an IP address, such as 127.0.0.1:8080 or [::1]:8080";
    const auto colon = text.rfind(':');
    if (colon == text.npos) return kWrong;
    auto host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    boost::system::error_code failure;
    const auto address = boost::asio::ip::make_address(host, failure);
    unsigned number = 0;
    const char *begin = text.data() + colon + 1, *last = text.data() + text.size();
    const auto [end, error] = std::from_chars(begin, last, number);
    if (failure || address.is_v6() != bracketed || error != std::errc{} || end != last || number > 65535) {
        return kWrong;
    }
    return {};
}

std::string check_scheme(std::string_view url, std::string_view first, std::string_view second) {
    if (url.starts_with(first) && url.size() > first.size()) return {};
    if (url.starts_with(second) && url.size() > second.size()) return {};
    return "has a URL that does not begin with " + std::string(first) + " or " + std::string(second);
}

std::string check_mongodb(std::string_view url) {
    return url.empty() ? std::string{} : check_scheme(url, "mongodb://", "mongodb+srv://");
}

std::string check_rabbitmq(std::string_view urls) {
    while (!urls.empty()) {
        const auto space = std::min(urls.find(' '), urls.size());
        if (space > 0) {
            if (auto wrong = check_scheme(urls.substr(0, space), "amqp://", "amqps://"); !wrong.empty()) {
                return wrong;
            }
        }
        urls.remove_prefix(std::min(space + 1, urls.size()));
    }
    return {};
}

std::string check_origin(std::string_view origin) {
    if (origin.empty() || origin == "*") return {};
    if (origin.back() == '/') return "has an origin that ends in a slash; leave it off";
    return check_scheme(origin, "https://", "http://");
}

std::string check_node_name(std::string_view name) {
    const auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    };
    if (name.size() <= 64 && std::all_of(name.begin(), name.end(), fits)) return {};
    return "has other characters than letters, digits, '-', '_' and '.', or more than 64";
}

std::string check_exchange_prefix(std::string_view prefix) {
    const bool reserved = prefix.empty() || prefix.starts_with("amq.");
    const bool fits = !reserved && check_node_name(prefix).empty();
    return fits ? "" : "is not 1 to 64 letters, digits, '-', '_' and '.', not beginning with amq.";
}

std::string check_not_empty(std::string_view text) {
    return text.empty() ? "is empty" : "";
}

const std::array kKeys = {
    Key{.name = "node.name",
        .slot = &Config::node_name,
        .fallback = "",
        .text = "What the node is called in logs, metrics and `server:info`. Must differ between nodes. "
                "Empty: a random name, new at each start.",
        .check = check_node_name},

    Key{.name = "http.listen",
        .slot = &Config::http_listen,
        .fallback = "127.0.0.1:8080",
        .text = "Where clients connect: REST, Socket.IO and the page. `0.0.0.0:8080` for all IPv4 addresses, "
                "`[::]:8080` for all. Put a proxy that speaks TLS in front of anything public.",
        .check = check_listen,
        .flag = "--listen"},
    Key{.name = "http.shards",
        .slot = &Config::http_shards,
        .fallback = "0",
        .text = "Threads that serve connections, each with its own event loop. 0: one per core.",
        .max = 256},
    Key{.name = "http.cors_origin",
        .slot = &Config::http_cors_origin,
        .fallback = "",
        .text =
            "The origin of web pages served from elsewhere that may call Warren, `https://app.example.org`. "
            "`*` allows all, without cookies. Empty: only pages that Warren serves.",
        .check = check_origin},
    Key{.name = "http.secure_cookies",
        .slot = &Config::http_secure_cookies,
        .fallback = "false",
        .text =
            "Mark cookies `Secure`, so that browsers send them over TLS only. Set it to true behind TLS."},
    Key{.name = "http.trust_forwarded_for",
        .slot = &Config::http_trust_forwarded_for,
        .fallback = "false",
        .text =
            "Take a client's address from the last entry of `X-Forwarded-For`. Set it to true only behind "
            "a proxy that writes that field, else clients can choose their address."},
    Key{.name = "http.header_max",
        .slot = &Config::http_header_max,
        .fallback = "16 KiB",
        .text = "The most bytes of a request's header; beyond: 431.",
        .min = kKiB,
        .max = kMiB},
    Key{.name = "http.body_max",
        .slot = &Config::http_body_max,
        .fallback = "1 MB",
        .text = "The most bytes of a request's body; beyond: 413.",
        .min = kKiB,
        .max = 100 * kMiB},
    Key{.name = "http.header_timeout",
        .slot = &Config::http_header_timeout,
        .fallback = "10s",
        .text = "How long a client may take to send a request's header; then 408.",
        .min = 100,
        .max = kHour},
    Key{.name = "http.body_timeout",
        .slot = &Config::http_body_timeout,
        .fallback = "30s",
        .text = "How long a client may take to send a request's body; then 408.",
        .min = 100,
        .max = kHour},
    Key{.name = "http.keep_alive_timeout",
        .slot = &Config::http_keep_alive_timeout,
        .fallback = "75s",
        .text = "How long a connection may be idle between two requests. Longer than the proxy's own.",
        .min = 100,
        .max = kHour},
    Key{.name = "http.write_timeout",
        .slot = &Config::http_write_timeout,
        .fallback = "60s",
        .text = "How long an answer may make no progress because its client does not read.",
        .min = 100,
        .max = kHour},

    Key{.name = "socketio.ping_interval",
        .slot = &Config::socketio_ping_interval,
        .fallback = "25s",
        .text = "How often a connection is asked for a sign of life.",
        .min = 100,
        .max = kHour},
    Key{.name = "socketio.ping_timeout",
        .slot = &Config::socketio_ping_timeout,
        .fallback = "20s",
        .text = "How long the answer to that may take before the connection counts as dead.",
        .min = 100,
        .max = kHour},
    Key{.name = "socketio.connect_timeout",
        .slot = &Config::socketio_connect_timeout,
        .fallback = "45s",
        .text = "How long a new session may take to join a namespace.",
        .min = 100,
        .max = kHour},
    Key{.name = "socketio.upgrade_timeout",
        .slot = &Config::socketio_upgrade_timeout,
        .fallback = "10s",
        .text = "How long an upgrade from polling to WebSocket may take.",
        .min = 100,
        .max = kHour},
    Key{.name = "socketio.frame_max",
        .slot = &Config::socketio_frame_max,
        .fallback = "1 MB",
        .text = "The most bytes of one packet from a client (`maxPayload`); beyond, that session is closed.",
        .min = 16 * kKiB,
        .max = 100 * kMiB},
    Key{.name = "socketio.queue_max",
        .slot = &Config::socketio_queue_max,
        .fallback = "4 MiB",
        .text = "The most bytes that wait for one slow client; beyond, its transport is closed and it comes "
                "back.",
        .min = 64 * kKiB,
        .max = kGiB},
    Key{.name = "socketio.client_dir",
        .slot = &Config::socketio_client_dir,
        .fallback = "",
        .text = "The folder with socket.io-client's browser bundles, served at `/socket.io/socket.io.js` and "
                "beside. Empty: the one that Warren was built or installed with."},

    Key{.name = "admin.listen",
        .slot = &Config::admin_listen,
        .fallback = "127.0.0.1:8081",
        .text = "Where `/healthz`, `/readyz` and `/metrics` are served. Keep it off the public network.",
        .check = check_listen,
        .flag = "--admin-listen"},
    Key{.name = "admin.socket",
        .slot = &Config::admin_socket,
        .fallback = "",
        .text = "The local socket (mode 0600) through which `warren user ...` speaks to a running node. "
                "Empty: `admin.sock` in the data folder."},
    Key{.name = "admin.drain",
        .slot = &Config::admin_drain,
        .fallback = "5s",
        .text =
            "After SIGTERM: over how long the clients' connections are closed, evenly, so that they do not "
            "all arrive at another node at once.",
        .max = kHour},

    Key{.name = "store.data_dir",
        .slot = &Config::store_data_dir,
        .fallback = "warren-data",
        .text =
            "The folder for the SQLite database, its lock and the admin socket; made with mode 0700 where "
            "it is missing. One running node per folder.",
        .check = check_not_empty,
        .flag = "--data-dir"},
    Key{.name = "store.readers",
        .slot = &Config::store_readers,
        .fallback = "2",
        .text = "Threads that read the SQLite database beside the one that writes it.",
        .min = 1,
        .max = 64},
    Key{.name = "mongodb.url",
        .slot = &Config::mongodb_url,
        .fallback = "",
        .text = "Keep everything in this MongoDB instead of SQLite, "
                "`mongodb://USER:PASSWORD@HOST/?replicaSet=NAME`. Empty: SQLite.",
        .check = check_mongodb,
        .secret = true},
    Key{.name = "mongodb.database",
        .slot = &Config::mongodb_database,
        .fallback = "warren",
        .text = "The name of the database in MongoDB.",
        .check = check_not_empty},
    Key{.name = "mongodb.pool",
        .slot = &Config::mongodb_pool,
        .fallback = "16",
        .text = "Threads, and connections, that call MongoDB.",
        .min = 1,
        .max = 256},
    Key{.name = "rabbitmq.urls",
        .slot = &Config::rabbitmq_urls,
        .fallback = "",
        .text =
            "One text for each partition, `amqp://USER:PASSWORD@HOST:5672/VHOST`; several addresses of the "
            "same broker cluster in one text, separated by spaces, are tried in turn. The same on every "
            "node. Empty: this node is the only one. Needs `mongodb.url`.",
        .check = check_rabbitmq,
        .secret = true},
    Key{.name = "rabbitmq.exchange_prefix",
        .slot = &Config::rabbitmq_exchange_prefix,
        .fallback = "warren",
        .text = "What Warren's exchanges are called, before `.0` and `.control`. The same on every node; "
                "another where several Warrens share a broker.",
        .check = check_exchange_prefix},
    Key{.name = "rabbitmq.queue_max",
        .slot = &Config::rabbitmq_queue_max,
        .fallback = "64 MiB",
        .text =
            "The most bytes that wait at the broker for this node; beyond, the oldest are dropped and the "
            "node finds them by an audit.",
        .min = kMiB,
        .max = 16 * kGiB},
    Key{.name = "rabbitmq.prefetch",
        .slot = &Config::rabbitmq_prefetch,
        .fallback = "1000",
        .text = "How many messages the broker sends ahead of their acknowledgement.",
        .min = 1,
        .max = 65535},
    Key{.name = "rabbitmq.heartbeat",
        .slot = &Config::rabbitmq_heartbeat,
        .fallback = "10s",
        .text = "How often broker and node show each other that they are there.",
        .min = kSecond,
        .max = 10 * kMinute},

    Key{.name = "sessions.lifetime",
        .slot = &Config::sessions_lifetime,
        .fallback = "30d",
        .text = "How long a sign-in lasts; its cookies too.",
        .min = kSecond,
        .max = 400 * kDay},
    Key{.name = "passwords.threads",
        .slot = &Config::passwords_threads,
        .fallback = "1",
        .text = "Threads that check passwords, apart from those that serve chat.",
        .min = 1,
        .max = 64},
    Key{.name = "passwords.queue",
        .slot = &Config::passwords_queue,
        .fallback = "100",
        .text = "How many sign-ins may wait for them; beyond, a sign-in is refused with 503.",
        .min = 1,
        .max = 100'000},
    Key{.name = "passwords.passes",
        .slot = &Config::passwords_passes,
        .fallback = "2",
        .text = "Argon2id: passes over the memory (opslimit) for new password hashes.",
        .min = 1,
        .max = 20},
    Key{.name = "passwords.memory",
        .slot = &Config::passwords_memory,
        .fallback = "64 MiB",
        .text = "Argon2id: memory for one check at a time and thread (memlimit), for new password hashes.",
        .min = 8 * kMiB,
        .max = 4 * kGiB},

    Key{.name = "cache.memory",
        .slot = &Config::cache_memory,
        .fallback = "64 MiB",
        .text = "Memory for pages of history that were read before.",
        .max = 64 * kGiB},

    Key{.name = "limits.connections",
        .slot = &Config::limits_connections,
        .fallback = "200000",
        .text = "The most TCP connections from clients. Each needs a file descriptor, and 256 are kept for "
                "the node itself: where `ulimit -n` allows fewer, that counts.",
        .min = 1,
        .max = 10'000'000},
    Key{.name = "limits.connections_per_address",
        .slot = &Config::limits_connections_per_address,
        .fallback = "0",
        .text =
            "The most of them, and of Socket.IO connections, from one address (IPv6: one /64). 0: no limit.",
        .max = 10'000'000},
    Key{.name = "limits.connections_per_user",
        .slot = &Config::limits_connections_per_user,
        .fallback = "50",
        .text = "The most Socket.IO connections (tabs, devices) of one person to this node. 0: no limit.",
        .max = 1'000'000},
    Key{.name = "limits.events_in_flight",
        .slot = &Config::limits_events_in_flight,
        .fallback = "100",
        .text = "How many events of one connection may wait for their answer; beyond: `overloaded`.",
        .min = 1,
        .max = 100'000},
    Key{.name = "limits.event_timeout",
        .slot = &Config::limits_event_timeout,
        .fallback = "10s",
        .text = "How long an event may take before it is answered with `timed_out`.",
        .min = 100,
        .max = kHour},
    Key{.name = "limits.send_per_connection",
        .slot = &Config::limits_send_per_connection,
        .fallback = "100/5s",
        .text = "`message:new`, `message:edit`, `message:delete` and `message:react` from one connection. 0: "
                "no limit. Beyond this rate and those below: "
                "`rate_limited` with `retryAfter`."},
    Key{.name = "limits.send_per_user",
        .slot = &Config::limits_send_per_user,
        .fallback = "200/5s",
        .text = "The same from all of one person's connections to this node. 0: no limit."},
    Key{.name = "limits.create_per_connection",
        .slot = &Config::limits_create_per_connection,
        .fallback = "30/60s",
        .text = "`group:*`, `user:block` and `user:unblock` from one connection. 0: no limit."},
    Key{.name = "limits.create_per_user",
        .slot = &Config::limits_create_per_user,
        .fallback = "60/60s",
        .text = "The same from all of one person's connections to this node. 0: no limit."},
    Key{.name = "limits.read_per_connection",
        .slot = &Config::limits_read_per_connection,
        .fallback = "200/10s",
        .text =
            "`messages:get`, `channels:list`, `members:get`, `typing` and the like from one connection. 0: "
            "no limit."},
    Key{.name = "limits.read_per_user",
        .slot = &Config::limits_read_per_user,
        .fallback = "400/10s",
        .text = "The same from all of one person's connections to this node. 0: no limit."},
    Key{.name = "limits.sync_per_connection",
        .slot = &Config::limits_sync_per_connection,
        .fallback = "30/30s",
        .text = "`channels:get`, `sync` and `presence:watch` from one connection. 0: no limit."},
    Key{.name = "limits.sync_per_user",
        .slot = &Config::limits_sync_per_user,
        .fallback = "60/30s",
        .text = "The same from all of one person's connections to this node. 0: no limit."},
    Key{.name = "limits.search_per_connection",
        .slot = &Config::limits_search_per_connection,
        .fallback = "20/10s",
        .text = "`messages:search` from one connection. 0: no limit."},
    Key{.name = "limits.search_per_user",
        .slot = &Config::limits_search_per_user,
        .fallback = "40/10s",
        .text = "The same from all of one person's connections to this node. 0: no limit."},
    Key{.name = "limits.receipt_per_connection",
        .slot = &Config::limits_receipt_per_connection,
        .fallback = "300/10s",
        .text = "`receipt:delivered`, `receipt:read` and `channel:state` from one connection. 0: no limit."},
    Key{.name = "limits.receipt_per_user",
        .slot = &Config::limits_receipt_per_user,
        .fallback = "600/10s",
        .text = "The same from all of one person's connections to this node. 0: no limit."},
    Key{.name = "limits.events_per_address",
        .slot = &Config::limits_events_per_address,
        .fallback = "0/1s",
        .text = "All events together from all connections of one address (IPv6: one /64) to this node. 0: no "
                "limit, as there may be a whole company behind one address, or a proxy."},
    Key{.name = "limits.rest_per_address",
        .slot = &Config::limits_rest_per_address,
        .fallback = "6000/1m",
        .text = "REST calls from one address (IPv6: one /64); beyond: 429 with Retry-After. 0: no limit."},
    Key{.name = "limits.people_search_per_user",
        .slot = &Config::limits_people_search_per_user,
        .fallback = "120/1m",
        .text = "Searches for people by one person on this node; beyond: 429 with Retry-After. 0: no limit."},
    Key{.name = "limits.sign_in_per_address",
        .slot = &Config::limits_sign_in_per_address,
        .fallback = "60/1m",
        .text = "Sign-in attempts from one address; beyond: 429 with Retry-After.",
        .min = 1,
        .max = 1'000'000},
    Key{.name = "limits.sign_in_per_account",
        .slot = &Config::limits_sign_in_per_account,
        .fallback = "10/1m",
        .text = "Sign-in attempts for one e-mail address, whether or not it has an account; beyond: 429.",
        .min = 1,
        .max = 1'000'000},
    Key{.name = "limits.message",
        .slot = &Config::limits_message,
        .fallback = "16 KiB",
        .text = "The most bytes of a message's text.",
        .min = 1,
        .max = 256 * kKiB},
    Key{.name = "limits.data",
        .slot = &Config::limits_data,
        .fallback = "4 KiB",
        .text = "The most bytes of an app's own `data` on a message or channel.",
        .max = 256 * kKiB},
    Key{.name = "limits.type",
        .slot = &Config::limits_type,
        .fallback = "64",
        .text = "The most bytes of a message's `type`.",
        .min = 1,
        .max = kKiB},
    Key{.name = "limits.mentions",
        .slot = &Config::limits_mentions,
        .fallback = "50",
        .text = "The most people that one message mentions.",
        .max = 10'000},
    Key{.name = "limits.emoji_per_message",
        .slot = &Config::limits_emoji_per_message,
        .fallback = "20",
        .text = "The most different emoji that people react to one message with.",
        .min = 1,
        .max = 1'000},
    Key{.name = "limits.channel_name",
        .slot = &Config::limits_channel_name,
        .fallback = "50",
        .text = "The most characters of a group's name.",
        .min = 3,
        .max = 1000},
    Key{.name = "limits.picture",
        .slot = &Config::limits_picture,
        .fallback = "1 KiB",
        .text = "The most bytes of the address of a group's picture.",
        .min = 64,
        .max = 16 * kKiB},
    Key{.name = "limits.group_members",
        .slot = &Config::limits_group_members,
        .fallback = "10000",
        .text = "The most members of a group.",
        .min = 2,
        .max = 10'000},
    Key{.name = "limits.members_per_change",
        .slot = &Config::limits_members_per_change,
        .fallback = "1000",
        .text = "The most people whom one `group:add` or `group:remove` names.",
        .min = 1,
        .max = 10'000},
    Key{.name = "limits.blocked",
        .slot = &Config::limits_blocked,
        .fallback = "1000",
        .text = "The most people whom one person may have blocked.",
        .min = 1,
        .max = 10'000},
    Key{.name = "limits.query",
        .slot = &Config::limits_query,
        .fallback = "1 KiB",
        .text = "The most bytes of what `messages:search` looks for.",
        .min = 1,
        .max = 64 * kKiB},
    Key{.name = "limits.query_words",
        .slot = &Config::limits_query_words,
        .fallback = "64",
        .text = "The most words of it; in scripts without spaces each character is one.",
        .min = 1,
        .max = 1000},
    Key{.name = "limits.searched_channels",
        .slot = &Config::limits_searched_channels,
        .fallback = "200",
        .text = "Into so many channels, those with the latest activity, a search looks that names none.",
        .min = 1,
        .max = 10'000},
    Key{.name = "limits.sync_channels",
        .slot = &Config::limits_sync_channels,
        .fallback = "1000",
        .text = "The most channels that one `sync` names.",
        .min = 1,
        .max = 100'000},
    Key{.name = "limits.answer",
        .slot = &Config::limits_answer,
        .fallback = "1 MB",
        .text = "The most bytes of one answer, about: `channels:get` and `messages:get` shorten their pages, "
                "`sync` "
                "says `limited`.",
        .min = 64 * kKiB,
        .max = 16 * kMiB},
    Key{.name = "limits.waiting_per_channel",
        .slot = &Config::limits_waiting_per_channel,
        .fallback = "10000",
        .text = "How many messages may wait to be stored in one channel; beyond: `overloaded`.",
        .min = 100,
        .max = 1'000'000},
    Key{.name = "limits.cached_members",
        .slot = &Config::limits_cached_members,
        .fallback = "2000000",
        .text = "Members in cached member lists, all channels together (some 40 bytes each).",
        .min = 1000,
        .max = 100'000'000},
    Key{.name = "limits.held",
        .slot = &Config::limits_held,
        .fallback = "1 MB",
        .text = "The most bytes of pushes held for one connection while it reads; beyond, it is told to "
                "read again.",
        .min = 64 * kKiB,
        .max = 64 * kMiB},
    Key{.name = "limits.stashed_per_channel",
        .slot = &Config::limits_stashed_per_channel,
        .fallback = "1000",
        .text = "How many entries of one channel may wait here for a missing one.",
        .min = 1,
        .max = 100'000},
    Key{.name = "limits.unannounced",
        .slot = &Config::limits_unannounced,
        .fallback = "10000",
        .text = "Channels remembered while the bus does not take their announcements; beyond, all nodes are "
                "told to audit everything.",
        .min = 1,
        .max = 10'000'000},
    Key{.name = "limits.receipts_waiting",
        .slot = &Config::limits_receipts_waiting,
        .fallback = "10000",
        .text = "How many receipts and `channel:state` may wait to be stored; beyond: `overloaded`.",
        .min = 100,
        .max = 1'000'000},

    Key{.name = "delivery.gap_wait",
        .slot = &Config::delivery_gap_wait,
        .fallback = "20ms",
        .text = "How long an entry that arrived too early waits before the missing ones are read.",
        .min = 1,
        .max = 10 * kSecond},
    Key{.name = "delivery.opening_hold",
        .slot = &Config::delivery_opening_hold,
        .fallback = "1s",
        .text = "How long a fresh connection's pushes wait for its first read.",
        .max = kMinute},
    Key{.name = "delivery.resync_patience",
        .slot = &Config::delivery_resync_patience,
        .fallback = "60s",
        .text = "A client told to `resync` that has not done so after this long is closed.",
        .min = kSecond,
        .max = kHour},
    Key{.name = "delivery.unbind_after",
        .slot = &Config::delivery_unbind_after,
        .fallback = "30s",
        .text = "How long a person's key stays bound at the broker after their last connection.",
        .max = kHour},
    Key{.name = "delivery.beat_lost_after",
        .slot = &Config::delivery_beat_lost_after,
        .fallback = "10s",
        .text = "A node that was not heard of for this long makes the others audit.",
        .min = 2 * kSecond,
        .max = 10 * kMinute},
    Key{.name = "delivery.large_group_bind",
        .slot = &Config::delivery_large_group_bind,
        .fallback = "25",
        .text =
            "From so many members on, a channel has a key of its own at the broker. The same on every node.",
        .min = 2,
        .max = 10'000},
    Key{.name = "delivery.large_group_publish",
        .slot = &Config::delivery_large_group_publish,
        .fallback = "32",
        .text = "Above so many members that key is published to. At least `delivery.large_group_bind`; the "
                "same on every node.",
        .min = 2,
        .max = 10'000},
    Key{.name = "delivery.reconnect_jitter",
        .slot = &Config::delivery_reconnect_jitter,
        .fallback = "2s",
        .text = "A connection that must come back to read anew is closed within this long, at random.",
        .max = kMinute},
    Key{.name = "delivery.recheck_period",
        .slot = &Config::delivery_recheck_period,
        .fallback = "4m",
        .text = "How often the sessions of all connections are looked up in the store again. So long at most "
                "does a connection outlive its session (signed out, suspended, expired) on a node that the "
                "broker cannot tell of it.",
        .min = kSecond,
        .max = kDay},
    Key{.name = "delivery.receipt_delay",
        .slot = &Config::delivery_receipt_delay,
        .fallback = "50ms",
        .text = "Receipts and `channel:state` of this span are stored and told together.",
        .min = 1,
        .max = 10 * kSecond},
    Key{.name = "delivery.store_timeout",
        .slot = &Config::delivery_store_timeout,
        .fallback = "5s",
        .text = "How long a call to the store may take that no client waits for.",
        .min = 100,
        .max = 10 * kMinute},
    Key{.name = "deletion.sweep_every",
        .slot = &Config::deletion_sweep_every,
        .fallback = "15s",
        .text = "How often a node looks for deletions that another left unfinished.",
        .min = kSecond,
        .max = kHour},
    Key{.name = "deletion.sweep_notes_after",
        .slot = &Config::deletion_sweep_notes_after,
        .fallback = "60s",
        .text = "How old a deletion must be to count as left unfinished. Longer than `limits.event_timeout`.",
        .min = kSecond,
        .max = kDay},
    Key{.name = "typing.ttl",
        .slot = &Config::typing_ttl,
        .fallback = "6s",
        .text = "Somebody's typing that their client does not repeat within this long has ended.",
        .min = 100,
        .max = kMinute},
    Key{.name = "typing.interval",
        .slot = &Config::typing_interval,
        .fallback = "2s",
        .text = "That somebody is typing in a channel is told to the others at most once in this long. "
                "Shorter than `typing.ttl`.",
        .min = 10,
        .max = kMinute},
    Key{.name = "typing.channels",
        .slot = &Config::typing_channels,
        .fallback = "16",
        .text = "In so many channels somebody may be typing at a time; in the oldest it ends.",
        .min = 1,
        .max = 1000},
    Key{.name = "presence.ttl",
        .slot = &Config::presence_ttl,
        .fallback = "45s",
        .text = "After this long the people of a node that died are offline for those who watch them. Nodes "
                "ask one another three times within it.",
        .min = kSecond,
        .max = kHour},
    Key{.name = "presence.linger",
        .slot = &Config::presence_linger,
        .fallback = "2s",
        .text = "Somebody whose last connection is gone is offline after this long, so that a reload is not "
                "noticed.",
        .max = kMinute},
    Key{.name = "presence.answer_wait",
        .slot = &Config::presence_answer_wait,
        .fallback = "200ms",
        .text = "How long `presence:watch` waits for what other nodes know, where there are any.",
        .max = 5 * kSecond},
    Key{.name = "presence.watched",
        .slot = &Config::presence_watched,
        .fallback = "200",
        .text = "The most people whom one connection watches.",
        .min = 1,
        .max = 1000},
    Key{.name = "audit.period",
        .slot = &Config::audit_period,
        .fallback = "60s",
        .text = "How often each channel with a connected member is compared with the store, at best.",
        .min = kSecond,
        .max = kDay},
    Key{.name = "audit.rate",
        .slot = &Config::audit_rate,
        .fallback = "2000",
        .text = "The most channels per second that the background audit asks for.",
        .min = 1,
        .max = 1'000'000},

    Key{.name = "retention.max_age",
        .slot = &Config::retention_max_age,
        .fallback = "0s",
        .text =
            "How long what was written is kept in a channel that has no retention of its own. Buckets of "
            "128 entries go as a whole, once all of them are older, and never the newest two. 0: for ever.",
        .max = 36'500 * kDay},
    Key{.name = "retention.max_messages",
        .slot = &Config::retention_max_messages,
        .fallback = "0",
        .text = "So many of the newest messages are kept in such a channel; a bucket further back goes. "
                "Where both are given it goes for either reason. 0: all.",
        .max = 1'000'000'000'000},
    Key{.name = "retention.min_age",
        .slot = &Config::retention_min_age,
        .fallback = "1h",
        .text =
            "Nothing younger ever goes. Longer than any node may stand still, or differ from others in its "
            "clock, and still go on writing.",
        .min = kSecond,
        .max = 365 * kDay},
    Key{.name = "retention.sweep_every",
        .slot = &Config::retention_sweep_every,
        .fallback = "1h",
        .text = "How often each node looks for what is to go.",
        .min = kSecond,
        .max = 30 * kDay},

    Key{.name = "log.level",
        .slot = &Config::log_level,
        .fallback = "info",
        .text = "The least level that is written.",
        .choices = "debug|info|warn|error|off",
        .flag = "--log-level"},
    Key{.name = "log.format",
        .slot = &Config::log_format,
        .fallback = "text",
        .text = "Lines for people, or one JSON object a line. Always to standard error.",
        .choices = "text|json",
        .flag = "--log-format"},
};

/// Levenshtein distance, small inputs.
std::size_t edits_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

}  // namespace

std::span<const Key> config_keys() {
    return kKeys;
}

const Key* find_key(std::string_view name) {
    const auto found =
        std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.name == name; });
    return found == kKeys.end() ? nullptr : &*found;
}

std::string environment_name(std::string_view key) {
    std::string out = "WARREN_";
    for (const char c : key)
        out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

std::string nearest_name(std::string_view name, bool environment) {
    std::string best;
    std::size_t fewest = SIZE_MAX;
    const auto offer = [&](std::string candidate) {
        const auto edits = edits_between(name, candidate);
        if (edits >= fewest) return;
        fewest = edits;
        best = std::move(candidate);
    };
    for (const auto& key : kKeys) {
        offer(environment ? environment_name(key.name) : std::string(key.name));
        if (key.secret)
            offer((environment ? environment_name(key.name) + "_FILE" : std::string(key.name) + "_file"));
        // A name whose section was forgotten or mistaken is most likely the key of that name elsewhere.
        const auto last = key.name.substr(key.name.find('.') + 1);
        if (!environment && name.substr(name.find('.') + 1) == last && fewest > 2)
            fewest = 2, best = key.name;
    }
    return fewest <= std::max<std::size_t>(2, name.size() / 3) ? best : std::string{};
}

}  // namespace warren::app
