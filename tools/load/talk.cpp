#include "load/talk.hpp"

#include <algorithm>
#include <stdexcept>

#include "load/wire.hpp"

namespace warren::load {
namespace {

/// So long nobody may come in before all have.
constexpr std::uint64_t kLetInUs = 60'000'000;
constexpr std::uint64_t kDrainUs = 15'000'000;
constexpr std::chrono::microseconds kTurn{5000};
constexpr std::string_view kGarbage = "4\"]}{ not a packet";
constexpr std::uint64_t kGarbagePauseUs = 100'000;  ///< Before somebody hostile comes back.

}  // namespace

Talk::Talk(const RunOptions& run, const TalkOptions& options, const Dialect& dialect, std::size_t connections)
    : run_(run),
      options_(options),
      dialect_(dialect),
      swarm_(run.target, connections, *this),
      opener_(swarm_, run, [this](std::uint32_t at) { return dialect_.auth(at); }),
      order_(dialect.conversations(), connections),
      listeners_(dialect.conversations().size()),
      turns_(dialect.conversations().size()),
      is_excluded_(connections),
      is_hostile_(connections),
      window_(options.window > 0 ? options.window : dialect.conversations().size()) {}

Report Talk::run(std::string_view name) {
    Report report(name);
    let_all_in();
    make_some_bad();
    sending_ = true;
    began_us_ = next_due_us_ = next_churn_us_ = now_us();
    talk_for(run_.warmup_seconds);
    Usage usage(run_.server_pids);
    start_measuring();
    talk_for(run_.seconds);
    sending_ = false;
    report.add("connections", swarm_.size());
    report.add("conversations", listeners_.size());
    usage.add_to(report);
    report.add("server_bytes", usage.server_bytes());
    report_on(report);
    drain();
    report.add("expected", expected_);
    report.add("delivered", delivered_);
    // Of a connection that was cut on purpose nobody knows what it should have got.
    report.add("missing", options_.churn > 0
                              ? 0
                              : static_cast<std::int64_t>(expected_) - static_cast<std::int64_t>(delivered_));
    report.add("gaps", order_.gaps());
    report.add("repeats", order_.repeats());
    report.add("failures", failures_.as_json());
    if (churned_ > 0) report.add("churned", churned_);
    if (garbage_ > 0) report.add("garbage_sent", garbage_);
    return report;
}

void Talk::let_all_in() {
    for (std::uint32_t i = 0; i < swarm_.size(); ++i)
        opener_.add(i, 0);
    auto until = now_us() + kLetInUs;
    while (ready_ < swarm_.size()) {
        const auto before = ready_;
        opener_.turn();
        swarm_.turn(kTurn);
        if (ready_ != before) until = now_us() + kLetInUs;
        if (now_us() > until || failures_.total() > 100) {
            throw NotAllIn("only " + std::to_string(ready_) + " of " + std::to_string(swarm_.size()) +
                           " connections got in: " + json::serialize(failures_.as_json()));
        }
    }
    letting_in_ = false;
}

std::vector<std::uint32_t> Talk::exclude(double percent, std::size_t offset) {
    std::vector<std::uint32_t> out;
    const auto count = static_cast<std::size_t>(static_cast<double>(swarm_.size()) * percent / 100);
    for (std::size_t i = 0; i < count; ++i) {
        const auto at = static_cast<std::uint32_t>((i * swarm_.size() / count + offset) % swarm_.size());
        is_excluded_[at] = true;
        out.push_back(at);
    }
    return out;
}

void Talk::make_some_bad() {
    for (const auto slow : exclude(options_.slow_percent, 0))
        swarm_.stop_reading(slow);
    for (const auto hostile : exclude(options_.hostile_percent, 1)) {
        is_hostile_[hostile] = true;
        swarm_.send_garbage(hostile, kGarbage);
    }
    for (std::uint32_t c = 0; c < listeners_.size(); ++c) {
        for (const auto member : dialect_.conversations()[c])
            listeners_[c] += is_excluded_[member] ? 0 : 1;
    }
}

void Talk::start_measuring() {
    window_sent_ = window_ended_ = window_delivered_ = 0;
    acknowledged_us_ = delivered_us_ = late_us_ = {};
}

void Talk::talk_for(double seconds) {
    const auto until = now_us() + static_cast<std::uint64_t>(seconds * 1e6);
    for (auto now = now_us(); now < until; now = now_us()) {
        auto wait = kTurn;
        if (options_.rate > 0) {
            send_due(now);
            wait = std::min(wait, std::chrono::microseconds(next_due_us_ > now ? next_due_us_ - now : 0));
        } else {
            fill_window();
        }
        if (options_.churn > 0) churn(now);
        opener_.turn();
        swarm_.turn(wait);
    }
}

void Talk::send_due(std::uint64_t now) {
    const auto interval = 1e6 / options_.rate;
    // What is long overdue is sent in several turns, so that answers are read in between.
    for (int i = 0; i < 256 && next_due_us_ <= now; ++i) {
        late_us_.record(now - next_due_us_);
        send_next(next_due_us_);
        next_due_us_ = began_us_ + static_cast<std::uint64_t>(static_cast<double>(sent_.size()) * interval);
    }
}

void Talk::fill_window() {
    for (int i = 0; i < 256 && in_flight_ < window_; ++i)
        send_next(now_us());
}

void Talk::send_next(std::uint64_t due_us) {
    const auto conversation = next_conversation_;
    next_conversation_ = static_cast<std::uint32_t>((next_conversation_ + 1) % listeners_.size());
    const auto& members = dialect_.conversations()[conversation];
    const auto turn = ++turns_[conversation];
    // In turn, but never somebody who does not read or is away.
    auto sender = members[turn % members.size()];
    for (std::size_t i = 1; i < members.size() && (is_excluded_[sender] || !swarm_.is_joined(sender)); ++i)
        sender = members[(turn + i) % members.size()];
    sent_.push_back({due_us, conversation, sender, 0, false});
    ++in_flight_;
    ++window_sent_;
    expected_ += listeners_[conversation];
    swarm_.send(sender, dialect_.message(conversation, sent_.size()));
}

void Talk::joined(std::uint32_t connection) {
    const auto greeting = dialect_.greeting();
    if (greeting.empty()) {
        ready(connection);
    } else {
        swarm_.send(connection, greeting);
    }
}

void Talk::ready(std::uint32_t connection) {
    if (is_hostile_[connection]) {
        ++garbage_;
        return swarm_.send_garbage(connection, kGarbage);
    }
    if (letting_in_) ++ready_;
    order_.interrupted(connection);
}

void Talk::on_event(std::uint32_t connection, std::string_view args) {
    if (args.starts_with(R"(["event",{"event":"resync")")) failures_.count("resync");
    const auto heard = dialect_.hear(args);
    if (!heard || is_excluded_[connection]) return;
    if (heard->number > sent_.size()) throw WireError("a message that nobody sent");
    auto& sent = sent_[heard->number - 1];
    const auto now = swarm_.read_at_us();
    ++delivered_;
    ++window_delivered_;
    delivered_us_.record(now - std::min(now, sent.due_us));
    if (heard->seq == 0 && sent.place == 0) sent.place = order_.next_place(sent.conversation);
    if (!order_.saw(connection, sent.conversation, heard->seq != 0 ? heard->seq : sent.place))
        failures_.count("a message of another's conversation");
    if (!dialect_.acknowledges() && connection == sent.sender) end(sent, now);
}

void Talk::on_ack(std::uint32_t connection, std::uint64_t id, std::string_view args) {
    const bool succeeded = args.find(R"("success":true)") != args.npos;
    if (!succeeded) failures_.count(args.substr(0, 200));
    if (id == 0) {
        ready(connection);
        return;
    }
    if (id > sent_.size()) throw WireError("an acknowledgement of nothing");
    auto& sent = sent_[id - 1];
    if (!succeeded) expected_ -= listeners_[sent.conversation];
    end(sent, swarm_.read_at_us());
}

void Talk::end(Sent& sent, std::uint64_t now) {
    if (std::exchange(sent.ended, true)) return;
    --in_flight_;
    ++window_ended_;
    acknowledged_us_.record(now - std::min(now, sent.due_us));
    if (sending_ && options_.rate == 0 && in_flight_ < window_) send_next(now);
}

void Talk::lost(std::uint32_t connection, std::string_view why) {
    if (is_hostile_[connection]) return opener_.add(connection, now_us() + kGarbagePauseUs);
    if (is_excluded_[connection]) return;  // What a slow consumer must expect.
    failures_.count(why);
    opener_.add(connection, now_us());
}

void Talk::churn(std::uint64_t now) {
    while (next_churn_us_ <= now) {
        next_churn_us_ += static_cast<std::uint64_t>(1e6 / options_.churn);
        // A prime step spreads them over the conversations.
        next_churned_ = static_cast<std::uint32_t>((next_churned_ + 7919) % swarm_.size());
        if (!swarm_.is_joined(next_churned_)) continue;
        swarm_.cut(next_churned_);
        opener_.add(next_churned_, now);
        ++churned_;
    }
}

void Talk::drain() {
    const auto until = now_us() + kDrainUs;
    auto seen = delivered_;
    auto seen_at = now_us();
    while (now_us() < until && (delivered_ < expected_ || in_flight_ > 0)) {
        swarm_.turn(kTurn);
        if (seen != delivered_) seen_at = now_us();
        seen = delivered_;
        if (options_.churn > 0 && now_us() - seen_at > 2'000'000) return;
    }
    // A repeat would come right behind.
    const auto later = now_us() + 200'000;
    while (now_us() < later)
        swarm_.turn(kTurn);
}

void Talk::report_on(Report& report) const {
    const auto seconds = run_.seconds;
    report.add(options_.rate > 0 ? "rate_wanted" : "window",
               options_.rate > 0 ? options_.rate : static_cast<double>(window_));
    report.add("messages_per_second", static_cast<double>(window_ended_) / seconds);
    report.add("deliveries_per_second", static_cast<double>(window_delivered_) / seconds);
    if (dialect_.acknowledges()) report.add("acknowledged", acknowledged_us_);
    report.add("delivery", delivered_us_);
    if (options_.rate > 0) report.add("sent_late", late_us_);
}

}  // namespace warren::load
