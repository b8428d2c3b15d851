#pragma once
#include <chrono>
#include <cstddef>

#include "model/channel.hpp"
#include "words/query.hpp"

namespace warren::chat {

/// What bounds the chat rules; every value is a configuration key. @see docs/configuration.md
struct Limits {
    std::size_t message_bytes_max = 16 * 1024;
    std::size_t data_bytes_max = 4 * 1024;
    std::size_t type_bytes_max = 64;
    std::size_t mentions_max = 50;
    std::size_t emoji_per_message_max = 20;
    std::size_t channel_name_chars_max = 50;
    std::size_t picture_bytes_max = 1'024;  ///< Of the address of a group's picture.
    std::size_t group_members_max = 10'000;
    std::size_t blocked_max = 1'000;             ///< People whom one person has blocked.
    std::size_t members_per_change_max = 1'000;  ///< Added or removed by one call.
    words::QueryLimits query{};
    std::size_t searched_channels_max = 200;  ///< By one search that names no channel.
    std::size_t sync_channels_max = 1'000;    ///< Named by one `sync`.
    std::size_t answer_bytes_max = 1'000'000;
    std::size_t waiting_per_channel_max = 10'000;  ///< Appends that wait in one channel; beyond: overloaded.
    std::size_t cached_members_max = 2'000'000;    ///< Members in cached memberships, all channels together.
    std::size_t held_bytes_max = 1'000'000;        ///< Pushes held for one connection during one answer.
    std::size_t stashed_per_channel_max = 1'000;   ///< Entries that wait for a missing one.
    std::size_t unannounced_max = 10'000;          ///< Channels whose announcement failed.
    std::size_t receipts_waiting_max = 10'000;     ///< Receipts and settings that wait to be stored.
    std::chrono::milliseconds gap_wait{20};  ///< How long a later entry waits before the store is asked.
    std::chrono::milliseconds opening_hold{1000};  ///< How long a fresh connection waits for its first read.
    std::chrono::seconds resync_patience{60};  ///< A connection told to resync that does not is closed then.
    std::chrono::seconds audit_period_min{60};
    std::size_t audit_rate = 2'000;           ///< Channels per second, background audit.
    std::chrono::seconds unbind_after{30};    ///< A user key stays bound this long after the last connection.
    std::chrono::seconds beat_lost_after{5};  ///< Short enough to heal within 10 s of a node's death.
    std::size_t large_group_bind = 25;        ///< From here on the channel key is bound ...
    std::size_t large_group_publish = 32;     ///< ... and above here it is published to.
    std::chrono::seconds sweep_every{15};     ///< Deletions that were left unfinished are looked for ...
    std::chrono::seconds sweep_notes_after{60};  ///< ... once their notes are older than this.
    RetentionPolicy retention{};  ///< Of channels without one of their own; keeps all unless set.
    std::chrono::milliseconds retention_min_age{3'600'000};  ///< Nothing younger is ever removed.
    std::chrono::milliseconds retention_sweep_every{3'600'000};
    std::chrono::milliseconds receipt_delay{50};  ///< Receipts of this span are stored and told together.
    std::chrono::milliseconds typing_ttl{6'000};  ///< Typing that is not repeated ends after this.
    std::chrono::milliseconds typing_interval{2'000};  ///< Told at most once in this per person and channel.
    std::size_t typing_channels_max = 16;              ///< Where one person types at a time; the oldest ends.
    std::chrono::milliseconds presence_ttl{45'000};    ///< What a node said of its people holds so long.
    std::chrono::milliseconds presence_linger{2'000};  ///< Who comes back within this was never away.
    std::chrono::milliseconds presence_answer_wait{200};  ///< How long other nodes' answers are waited for.
    std::size_t watched_max = 200;                        ///< People whom one connection watches.
    std::chrono::milliseconds store_timeout{5'000};  ///< One store call of ours that no client waits for.
};

}  // namespace warren::chat
