#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/crowd.hpp"
#include "load/histogram.hpp"
#include "load/order.hpp"
#include "load/people.hpp"
#include "load/swarm.hpp"

namespace warren::load {

/// What a delivery says: which of our messages it is, and its place in its conversation.
struct Heard {
    std::uint64_t number = 0;
    std::uint64_t seq = 0;  ///< 0 where the server gives none.
    std::uint32_t conversation = 0;
};

/// How a server is spoken to: who is in which conversation, and what messages look like.
class Dialect {
public:
    virtual ~Dialect() = default;
    virtual std::string auth(std::uint32_t connection) const = 0;
    /// The members of each conversation.
    virtual const std::vector<std::vector<std::uint32_t>>& conversations() const = 0;
    /// The packet of message `number`, which is never 0.
    virtual std::string message(std::uint32_t conversation, std::uint64_t number) const = 0;
    /// Nothing if it is not a message of ours. Throws WireError where it belongs to no conversation.
    virtual std::optional<Heard> hear(std::string_view args) const = 0;
    /// Whether messages are acknowledged; else the sender's own copy ends a message.
    virtual bool acknowledges() const = 0;
    /// What a connection sends first, answered with acknowledgement 0; empty: nothing.
    virtual std::string greeting() const { return {}; }
};

/// The bare library and its peers: rooms of one size; `say` goes to everybody in the sender's room.
class RoomDialect final : public Dialect {
public:
    RoomDialect(std::size_t connections, std::size_t room_size, std::size_t payload_bytes);
    std::string auth(std::uint32_t connection) const override;
    const std::vector<std::vector<std::uint32_t>>& conversations() const override { return rooms_; }
    std::string message(std::uint32_t conversation, std::uint64_t number) const override;
    std::optional<Heard> hear(std::string_view args) const override;
    bool acknowledges() const override { return false; }

private:
    std::size_t room_size_, payload_bytes_;
    std::vector<std::vector<std::uint32_t>> rooms_;
};

/// Warren: people in channels, `message:new`, each acknowledged once it is durable.
class ChatDialect final : public Dialect {
public:
    ChatDialect(std::vector<Person> people, std::size_t payload_bytes, bool syncs);
    std::string auth(std::uint32_t connection) const override;
    const std::vector<std::vector<std::uint32_t>>& conversations() const override { return members_; }
    std::string message(std::uint32_t conversation, std::uint64_t number) const override;
    std::optional<Heard> hear(std::string_view args) const override;
    bool acknowledges() const override { return true; }
    std::string greeting() const override;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    std::vector<Person> people_;
    std::size_t payload_bytes_;
    bool syncs_;
    std::vector<std::string> channels_;
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> channel_at_;
    std::vector<std::vector<std::uint32_t>> members_;
};

struct TalkOptions {
    double rate = 0;          ///< Messages a second, open loop; 0: closed loop.
    std::size_t window = 0;   ///< Closed loop: messages on their way at once; 0: one for each conversation.
    double slow_percent = 0;  ///< Of the connections: these stop reading, and nothing is expected of them.
    double hostile_percent =
        0;             ///< Send what no client may, are closed for it, and come back to do it again.
    double churn = 0;  ///< Connections cut and opened again a second.
};

/// Everybody connects, then messages are sent for a while, at a rate (open loop: a message's time counts from
/// when it was due, whether or not the generator or the server was ready) or so many at once (closed loop).
/// Every delivery is counted and checked: once, in order, without gaps.
class Talk final : private SwarmListener {
public:
    Talk(const RunOptions& run, const TalkOptions& options, const Dialect& dialect, std::size_t connections);
    /// Throws NotAllIn, or another std::runtime_error.
    Report run(std::string_view name);

private:
    struct Sent {
        std::uint64_t due_us;
        std::uint32_t conversation, sender;
        std::uint32_t place;  ///< Where the server gives no seq; 0 before anybody heard it.
        bool ended;
    };

    void joined(std::uint32_t connection) override;
    void on_event(std::uint32_t connection, std::string_view args) override;
    void on_ack(std::uint32_t connection, std::uint64_t id, std::string_view args) override;
    void lost(std::uint32_t connection, std::string_view why) override;

    void ready(std::uint32_t connection);
    void let_all_in();
    /// Takes `percent` of the connections, spread evenly from `offset` on: nothing is expected of them.
    std::vector<std::uint32_t> exclude(double percent, std::size_t offset);
    void make_some_bad();
    void talk_for(double seconds);
    void send_due(std::uint64_t now);
    void fill_window();
    void send_next(std::uint64_t due_us);
    void end(Sent& sent, std::uint64_t now);
    void churn(std::uint64_t now);
    void drain();
    void start_measuring();
    void report_on(Report& report) const;

    const RunOptions& run_;
    const TalkOptions& options_;
    const Dialect& dialect_;
    Swarm swarm_;
    Opener opener_;
    std::vector<Sent> sent_;  ///< By number - 1.
    Order order_;
    std::vector<std::uint32_t> listeners_;  ///< By conversation: how many hear a message.
    std::vector<std::uint32_t> turns_;      ///< By conversation: messages sent.
    std::vector<bool> is_excluded_, is_hostile_;
    std::uint32_t next_conversation_ = 0, next_churned_ = 0;
    std::size_t ready_ = 0, in_flight_ = 0, window_ = 0, joined_before_ = 0;
    std::uint64_t next_due_us_ = 0, next_churn_us_ = 0, began_us_ = 0;
    bool sending_ = false, letting_in_ = true;

    std::uint64_t expected_ = 0, delivered_ = 0, churned_ = 0, garbage_ = 0;
    std::uint64_t window_sent_ = 0, window_ended_ = 0, window_delivered_ = 0;
    Histogram acknowledged_us_, delivered_us_, late_us_;
    Failures failures_;
};

}  // namespace warren::load
