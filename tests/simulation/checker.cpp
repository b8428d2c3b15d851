// Long because it is one list of what must hold of a history, each in a few lines.
#include "tests/simulation/checker.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "tests/simulation/members_over_time.hpp"

namespace warren::simulation {
namespace {

/// Of every channel; of one without a log: nobody, ever.
class Members {
public:
    explicit Members(const History& history) {
        for (const auto& [channel, log] : history.logs)
            of_.emplace(channel, MembersOverTime(log));
    }
    const MembersOverTime& at(ChannelId channel) const {
        static const MembersOverTime kNobody;
        const auto found = of_.find(channel);
        return found == of_.end() ? kNobody : found->second;
    }

private:
    std::map<ChannelId, MembersOverTime> of_;
};

using Breaches = std::vector<std::string>;

/// What was done to the messages of a log, told from it in order.
class Changes {
public:
    /// Takes the next entry, by an admin or not; what is wrong with it, or nothing.
    std::string take(const Entry& entry, bool by_admin) {
        if (entry.is_message()) messages_[entry.seq].sender = entry.sender;
        if (entry.target() == 0) return {};
        const auto found = messages_.find(entry.target());
        if (found == messages_.end()) return "a change of what is no message";
        auto& message = found->second;
        if (message.deleted) return "a change after the delete";
        if (const auto* react = std::get_if<ReactBody>(&entry.body)) {
            auto& reactions = message.reactions;
            const bool changes = react->on ? reactions.emplace(entry.sender, react->emoji).second
                                           : reactions.erase({entry.sender, react->emoji}) == 1;
            return changes ? "" : "a reaction that changes nothing";
        }
        message.deleted = std::holds_alternative<DeleteBody>(entry.body);
        const bool is_own = message.sender == entry.sender;
        const bool may = is_own || (message.deleted && by_admin);
        return may ? "" : "a change of somebody else's message";
    }
    /// Whether the message that the text of `entry` belongs to is deleted.
    bool is_deleted(const Entry& entry) const {
        const bool is_edit = std::holds_alternative<EditBody>(entry.body);
        const auto found = messages_.find(is_edit ? entry.target() : entry.seq);
        return found != messages_.end() && found->second.deleted;
    }

private:
    struct Message {
        UserId sender;
        bool deleted = false;
        std::set<std::pair<UserId, std::string>> reactions;
    };

    std::map<Seq, Message> messages_;
};

std::string place(ChannelId channel, Seq seq) {
    return channel.hex().substr(16) + "@" + std::to_string(seq);
}

/// The logs themselves: dense, one entry per nonce, written only by members.
class LogCheck {
public:
    LogCheck(const History& history, const Members& members, Breaches& breaches)
        : history_(history), members_(members), breaches_(breaches) {}

    void run() {
        for (const auto& [channel, log] : history_.logs)
            check_log(channel, log);
        for (const auto& ack : history_.acknowledged)
            check_ack(ack);
        for (const auto& refused : history_.refused) {
            if (members_.at(refused.channel).throughout(refused.sender, refused.shown, refused.head)) {
                breaches_.push_back("refused: a member who had been shown so could not write at " +
                                    place(refused.channel, refused.shown) + ", head @" +
                                    std::to_string(refused.head) + ", person " +
                                    refused.sender.hex().substr(22));
            }
        }
        for (const auto& made : history_.made)
            check_made(made);
        for (const auto& text : history_.unblanked_at_ack) {
            breaches_.push_back("G5: a delete was acknowledged before the text was gone of " +
                                place(text.channel, text.seq));
        }
        for (const auto& [channel, start] : history_.starts)
            check_removal(channel, start);
        for (const auto& surprise : history_.surprises)
            breaches_.push_back("surprise: " + surprise);
    }

private:
    /// All before the start is gone, and nothing else.
    void check_removal(ChannelId channel, Seq start) {
        const auto& stored = history_.stored.at(channel);
        if (*stored.begin() < start)
            breaches_.push_back("R: not removed: " + place(channel, *stored.begin()));
        for (Seq seq = start; seq <= history_.logs.at(channel).size(); ++seq) {
            if (!stored.contains(seq)) breaches_.push_back("R: removed: " + place(channel, seq));
        }
    }
    void check_log(ChannelId channel, const std::vector<EntryPtr>& log) {
        std::set<std::pair<UserId, std::string>> nonces;
        Changes changes;
        Seq expected = 1;
        Seq count = 0;
        for (const auto& entry : log) {
            if (entry->seq != expected++)
                breaches_.push_back("G2: a hole before " + place(channel, entry->seq));
            if (!nonces.emplace(entry->sender, entry->nonce).second) {
                breaches_.push_back("G3: the nonce of " + place(channel, entry->seq) + " is there twice");
            }
            count += entry->is_message();
            if (entry->count != count)
                breaches_.push_back("G2: a wrong count at " + place(channel, entry->seq));
            const bool created = entry->seq == 1;
            if (!created && !members_.at(channel).contains(entry->sender, entry->seq - 1)) {
                breaches_.push_back("G5: not written by a member: " + place(channel, entry->seq));
            }
            if (entry->changes_state() && !created) check_change(*entry);
            const bool by_admin = members_.at(channel).is_admin(entry->sender, entry->seq - 1);
            if (const auto wrong = changes.take(*entry, by_admin); !wrong.empty())
                breaches_.push_back("G2: " + wrong + ": " + place(channel, entry->seq));
        }
        for (const auto& entry : log) {
            const auto start = history_.starts.find(channel);
            if (start != history_.starts.end() && entry->seq < start->second) continue;
            const bool has_text = entry->is_message() || std::holds_alternative<EditBody>(entry->body);
            if (has_text && changes.is_deleted(*entry) != is_blanked(entry->body))
                breaches_.push_back("G5: deleted but not blanked: " + place(channel, entry->seq));
        }
    }
    /// Changes of groups are made by admins, but for leaving; and a group is never left without one.
    void check_change(const Entry& entry) {
        const auto& who = members_.at(entry.channel);
        const auto* body = std::get_if<MemberBody>(&entry.body);
        const bool leaves = body && body->op == MemberOp::left;
        if (leaves && (body->changes.size() != 1 || body->changes.front().user != entry.sender)) {
            breaches_.push_back("G5: left by somebody else: " + place(entry.channel, entry.seq));
        }
        if (!leaves && !who.is_admin(entry.sender, entry.seq - 1)) {
            breaches_.push_back("G5: changed by somebody who is no admin: " +
                                place(entry.channel, entry.seq));
        }
        if (who.is_orphaned(entry.seq)) {
            breaches_.push_back("G5: left without an admin: " + place(entry.channel, entry.seq));
        }
        if (!body || !body->successor) return;
        const bool needed = who.is_admin(entry.sender, entry.seq - 1);
        if (!needed || !who.contains(*body->successor, entry.seq)) {
            breaches_.push_back("G5: a successor that nobody needs: " + place(entry.channel, entry.seq));
        }
    }
    void check_ack(const Acknowledged& ack) {
        const auto log = history_.logs.find(ack.channel);
        const bool is_there = log != history_.logs.end() && ack.seq != 0 && ack.seq <= log->second.size() &&
                              log->second[ack.seq - 1]->id == ack.id &&
                              log->second[ack.seq - 1]->nonce == ack.nonce;
        if (!is_there) breaches_.push_back("G1: acknowledged but lost: " + place(ack.channel, ack.seq));
        const auto [first, is_new] = acks_.emplace(std::tuple(ack.channel, ack.sender, ack.nonce), ack.seq);
        if (!is_new && first->second != ack.seq) {
            breaches_.push_back("G3: one nonce acknowledged at " + place(ack.channel, first->second) +
                                " and " + place(ack.channel, ack.seq));
        }
    }

    void check_made(const Made& made) {
        if (!history_.logs.contains(made.channel)) {
            breaches_.push_back("G1: a channel that was made is lost: " + place(made.channel, 1));
        }
        const auto [first, is_new] = made_.emplace(made.origin, made.channel);
        if (!is_new && first->second != made.channel) {
            breaches_.push_back("G3: made twice, from " + made.origin + ": " + place(made.channel, 1));
        }
    }

    const History& history_;
    const Members& members_;
    Breaches& breaches_;
    std::map<std::string, ChannelId> made_;
    std::map<std::tuple<ChannelId, UserId, std::string>, Seq> acks_;
};

/// What one connection saw, in order.
class ConnectionCheck {
public:
    ConnectionCheck(const History& history, const Members& members, const ConnectionRecord& connection,
                    Breaches& breaches)
        : history_(history), members_(members), connection_(connection), breaches_(breaches) {}

    void run() {
        for (std::size_t i = 0; i <= connection_.events.size(); ++i) {
            for (std::size_t calm = connection_.first_calm; calm < connection_.events_by_calm.size();
                 ++calm) {
                if (connection_.events_by_calm[calm] == i) check_calm(history_.calms[calm]);
            }
            if (i == connection_.events.size()) break;
            std::visit([this](const auto& event) { saw(event); }, connection_.events[i]);
        }
        for (const auto& shown : connection_.deleted_shown) {
            if (history_.always_fresh) breach("G5: deleted text was shown of ", shown.channel, shown.seq);
        }
        if (!connection_.live) return;
        std::map<ChannelId, Seq> heads;
        for (const auto& [channel, log] : history_.logs)
            heads[channel] = log.back()->seq;
        reaches(heads, heads, history_.orphans, "G4: never came: ");
    }

private:
    struct View {
        std::optional<Seq> at;  ///< The last entry that the client knows to have, unless it knows none.
        bool silent = false;
    };

    void check_calm(const Calm& calm) {
        if (!history_.all_noticeable) return;
        reaches(calm.heads_before, calm.heads_after, calm.orphans, "G4: not healed within 10 s: ");
    }
    void breach(const std::string& what, ChannelId channel, Seq seq) {
        breaches_.push_back(what + place(channel, seq) + " on " + connection_.name);
    }
    const MembersOverTime& members(ChannelId channel) const { return members_.at(channel); }

    void saw(const Pushed& pushed) {
        const auto& entry = *pushed.entry;
        const auto channel = entry.channel;
        if (!is_shown_rightly(entry, members(channel).joined_at(connection_.user, entry.seq))) return;
        auto& view = views_[channel];
        const bool was = entry.seq > 1 && members(channel).contains(connection_.user, entry.seq - 1);
        const bool is = members(channel).contains(connection_.user, entry.seq);
        if (!is && !(was && entry.changes_state())) breach("G5: pushed to a stranger: ", channel, entry.seq);
        const bool lets_in = is && members(channel).joined_at(connection_.user, entry.seq) == entry.seq;
        if (pushed.as_channel && *pushed.as_channel != lets_in)
            breach("A: not shown as what it is to them: ", channel, entry.seq);
        if (view.silent) breach("G4: pushed although told to sync: ", channel, entry.seq);
        if (view.at && entry.seq != *view.at + 1) {
            breach("G4: after @" + std::to_string(*view.at) + " came ", channel, entry.seq);
        }
        if (!view.at && !(is && !was)) starts_at(channel, entry.seq);
        view.at = entry.seq;
        if (!is) views_.erase(channel);
    }
    /// The first thing that is seen of a channel, and it is not the beginning of a stay.
    void starts_at(ChannelId channel, Seq seq) {
        const auto head = connection_.heads_at_opening.find(channel);
        const Seq start = head == connection_.heads_at_opening.end() ? 0 : head->second;
        if (answered_) return breach("G4: of an unknown channel came ", channel, seq);
        if (seq > start + 1)
            breach("G4: after opening at @" + std::to_string(start) + " came ", channel, seq);
    }

    void saw(const Synced& synced) {
        answered_ = true;
        for (const auto& [channel, part] : synced.channels) {
            auto& view = views_[channel];
            if (view.at && part.head < *view.at) breach("G4: an answer from the past: ", channel, part.head);
            const auto start = history_.starts.find(channel);
            const Seq joined = members(channel).joined_at(connection_.user, part.head);
            const Seq latest = std::max(start == history_.starts.end() ? 1 : start->second,
                                        members(channel).since_join() ? joined : 1);
            if (part.first_seq > latest) breach("R: begins too late: ", channel, part.first_seq);
            Seq last = std::max(part.known, part.first_seq - 1);
            for (const auto& entry : part.entries) {
                if (entry->seq != last + 1) breach("G4: a hole in a sync before ", channel, entry->seq);
                read(*entry, part.head);
                last = entry->seq;
            }
            if (!part.limited && last < part.head) breach("G4: a sync ended before ", channel, part.head);
            view = {part.head, false};
        }
        for (const auto& [channel, head] : synced.joined) {
            auto& view = views_[channel];
            if (view.at && head < *view.at) breach("G4: joined from the past: ", channel, head);
            if (!members(channel).contains(connection_.user, head))
                breach("G5: joined by a stranger: ", channel, head);
            view = {head, false};
        }
        for (const auto& channel : synced.left)
            views_.erase(channel);
    }
    void saw(const Paged& paged) {
        answered_ = true;
        for (const auto& [channel, view] : views_) {
            const auto head = paged.committed.find(channel);
            const Seq end = head == paged.committed.end() ? 0 : head->second;
            const bool still_in = view.at && members(channel).throughout(connection_.user, *view.at, end);
            if (still_in && !paged.channels.contains(channel)) {
                breach("G4: an answer without the channel that was pushed, ", channel, *view.at);
            }
        }
        const auto before = std::exchange(views_, {});
        for (const auto& [channel, page] : paged.channels) {
            const auto earlier = before.find(channel);
            if (earlier != before.end() && earlier->second.at && page.head < *earlier->second.at) {
                breach("G4: a page from the past: ", channel, page.head);
            }
            if (!members(channel).contains(connection_.user, page.head))
                breach("G5: shown to a stranger: ", channel, page.head);
            for (const auto& message : page.messages)
                read(*message, page.head);
            const Seq from = page.messages.empty() ? page.head + 1 : page.messages.front()->seq;
            all_messages(channel, page.messages, from, page.head);
            views_[channel] = {page.head, false};
        }
    }
    void saw(const ReadBack& page) {
        for (const auto& message : page.messages)
            read(*message, page.head);
        all_messages(page.channel, page.messages, page.from, page.to);
    }
    void saw(const Resync& resync) {
        for (const auto& channel : resync.channels)
            views_[channel] = {std::nullopt, true};
    }

    /// An entry in an answer that was given as of `head`.
    void read(const Entry& entry, Seq head) {
        const auto& who = members(entry.channel);
        const Seq joined = who.joined_at(connection_.user, head);
        if (!is_shown_rightly(entry, joined)) return;
        const bool allowed = joined != 0 && (!who.since_join() || entry.seq >= joined);
        if (!allowed) breach("G5: read by a stranger: ", entry.channel, entry.seq);
        if (entry.seq > head) breach("G4: beyond the answer's head: ", entry.channel, entry.seq);
    }
    void all_messages(ChannelId channel, const std::vector<EntryPtr>& messages, Seq from, Seq to) {
        static const std::vector<EntryPtr> kEmpty;
        const auto found = history_.logs.find(channel);
        const auto& log = found == history_.logs.end() ? kEmpty : found->second;
        std::vector<EntryPtr> expected;
        for (Seq seq = std::max<Seq>(from, 1); seq <= to && seq <= log.size(); ++seq) {
            if (log[seq - 1]->is_message()) expected.push_back(log[seq - 1]);
        }
        // What retention took in the end may be shown whole, or not at all.
        const auto start = history_.starts.find(channel);
        std::erase_if(expected, [&](const EntryPtr& entry) {
            const auto of_its_bucket = [&](const EntryPtr& shown) {
                return bucket_of(shown->seq) == bucket_of(entry->seq);
            };
            return start != history_.starts.end() && entry->seq < start->second &&
                   std::none_of(messages.begin(), messages.end(), of_its_bucket);
        });
        const auto same = [](const EntryPtr& a, const EntryPtr& b) { return a->seq == b->seq; };
        if (!std::equal(messages.begin(), messages.end(), expected.begin(), expected.end(), same)) {
            breach("G4: a page of history lacks messages up to ", channel, to);
        }
    }
    /// Whether `entry` is in the log, but for the text of an edit whose message is from before they joined.
    bool is_shown_rightly(const Entry& entry, Seq joined) {
        const bool is_edit = std::holds_alternative<EditBody>(entry.body);
        const bool hides = is_edit && members(entry.channel).since_join() && entry.target() < joined;
        const bool tells = hides && !is_blanked(entry.body);
        if (tells) breach("G5: the text of what was before: ", entry.channel, entry.seq);
        const bool real = tells || is_real(entry, hides);
        if (!real) breach("G2: not in the log: ", entry.channel, entry.seq);
        return real && !tells;
    }
    bool is_real(const Entry& entry, bool without_text) const {
        const auto log = history_.logs.find(entry.channel);
        if (log == history_.logs.end() || entry.seq > log->second.size()) return false;
        Entry stored = *log->second[entry.seq - 1];
        if (without_text) stored.body = blanked(stored.body);
        const auto original = history_.originals.find({entry.channel, entry.seq});
        return stored == entry || (original != history_.originals.end() && *original->second == entry);
    }
    /// Every channel that this person is in throughout, from `heads` to `ends`, was seen up to its head.
    void reaches(const std::map<ChannelId, Seq>& heads, const std::map<ChannelId, Seq>& ends,
                 const Orphans& orphans, const std::string& what) {
        for (const auto& [channel, head] : heads) {
            const Seq end = ends.at(channel);
            if (!members(channel).throughout(connection_.user, head, end)) continue;
            if (orphans.contains({channel, members(channel).joined_at(connection_.user, end)})) continue;
            const auto view = views_.find(channel);
            if (view != views_.end() && view->second.at && *view->second.at >= head) continue;
            const auto opening = connection_.heads_at_opening.find(channel);
            const bool nothing_new = opening != connection_.heads_at_opening.end() && opening->second >= head;
            const bool told = view != views_.end() && (view->second.at || view->second.silent);
            if (nothing_new && !answered_ && !told) continue;
            breach(what, channel, head);
        }
    }

    const History& history_;
    const Members& members_;
    const ConnectionRecord& connection_;
    Breaches& breaches_;
    std::map<ChannelId, View> views_;
    bool answered_ = false;
};

}  // namespace

std::vector<std::string> check(const History& history) {
    const Members members(history);
    Breaches breaches;
    LogCheck(history, members, breaches).run();
    for (const auto& connection : history.connections)
        ConnectionCheck(history, members, connection, breaches).run();
    return breaches;
}

}  // namespace warren::simulation
