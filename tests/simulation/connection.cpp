#include "tests/simulation/connection.hpp"

namespace warren::simulation {
namespace {

constexpr std::size_t kBytesEach = 100;

std::vector<EntryPtr> entries_of(const std::vector<chat::FoldedMessage>& messages) {
    std::vector<EntryPtr> out;
    for (const auto& message : messages)
        out.push_back(message.entry);
    return out;
}

std::string short_name(ChannelId channel) {
    return channel.hex().substr(16);
}

bool puts_out(const Entry& entry, UserId user) {
    const auto* body = std::get_if<MemberBody>(&entry.body);
    if (!body || (body->op != MemberOp::removed && body->op != MemberOp::left)) return false;
    for (const auto& change : body->changes) {
        if (change.user == user) return true;
    }
    return false;
}

}  // namespace

Connection::Connection(Cluster& cluster, SimNode& node, UserId user, Known& known, std::string name)
    : cluster_(cluster), node_(node), known_(known) {
    record.name = std::move(name);
    record.user = user;
    record.live = false;
}

bool Connection::note(Happened happened, const std::string& what) {
    if (!is_open()) return false;
    if (cluster_.world().traces()) cluster_.world().trace(record.name + ": " + what);
    record.events.push_back(std::move(happened));
    return true;
}

void Connection::opened() {
    if (closed_) return;
    record.live = true;
    record.first_calm = cluster_.history.calms.size();
    record.heads_at_opening = cluster_.committed_heads();
    cluster_.world().trace(record.name + ": open on " + node_.process.name);
}

void Connection::push(const chat::PushPtr& push) {
    const auto& entry = *push->entry;
    const auto what = "gets " + short_name(entry.channel) + "@" + std::to_string(entry.seq) + " " +
                      std::string(name_of(entry.kind()));
    if (!note(Pushed{push->entry, push->view != nullptr}, what)) return;
    heard_of(entry);
    const auto at = known_.try_emplace(entry.channel, entry.seq).first;
    if (entry.seq == at->second + 1) at->second = entry.seq;
    if (puts_out(entry, record.user)) known_.erase(at);
}

void Connection::resync(const std::vector<std::pair<ChannelId, Seq>>& channels) {
    Resync told;
    for (const auto& [channel, head] : channels)
        told.channels.push_back(channel);
    if (note(std::move(told), "is told to sync")) has_to_sync_ = true;
}

void Connection::reconnect() {
    if (is_open()) cluster_.world().trace(record.name + ": is closed by its node");
    close();
}

/// An answer that was asked for at `when` shows `text` of a message, or none.
void Connection::shown(ChannelId channel, Seq message, const std::string& text, SteadyTime when) {
    const auto deleted = cluster_.history.deleted.find({channel, message});
    if (text.empty() || deleted == cluster_.history.deleted.end() || deleted->second >= when) return;
    record.deleted_shown.push_back({channel, message});
}

/// From now on somebody knows that the message is deleted.
void Connection::heard_of(const Entry& entry) {
    if (!std::holds_alternative<DeleteBody>(entry.body)) return;
    cluster_.history.deleted.try_emplace(Place{entry.channel, entry.target()}, cluster_.world().now());
}

void Connection::shown(const std::vector<chat::FoldedMessage>& messages, SteadyTime when) {
    for (const auto& message : messages)
        shown(message.entry->channel, message.entry->seq, message.text, when);
}

void Connection::answered(const Known& asked, const chat::SyncAnswer& answer, SteadyTime when) {
    Synced synced;
    std::string what = "has synced";
    for (const auto& [channel, part] : answer.channels) {
        for (const auto& entry : part.entries) {
            if (const auto* body = std::get_if<MessageBody>(&entry->body))
                shown(channel, entry->seq, body->text, when);
            if (const auto* body = std::get_if<EditBody>(&entry->body))
                shown(channel, body->target, body->text, when);
            heard_of(*entry);
        }
        synced.channels[channel] = {asked.at(channel), part.entries, part.head->seq, part.first_seq,
                                    part.limited};
        what += " " + short_name(channel) + " " + std::to_string(asked.at(channel)) + "-" +
                std::to_string(part.head->seq) + (part.limited ? "..." : "");
    }
    for (const auto& [view, head] : answer.joined) {
        synced.joined[head->channel] = head->seq;
        what += " +" + short_name(head->channel) + " " + std::to_string(head->seq);
    }
    for (const auto& channel : answer.left)
        what += " -" + short_name(channel);
    synced.left = answer.left;
    if (!note(synced, what)) return;
    has_to_sync_ = false;
    for (const auto& [channel, part] : synced.channels) {
        if (part.limited) has_to_sync_ = true;
        auto& known = known_[channel];
        known = std::max(known, part.entries.empty() ? part.known : part.entries.back()->seq);
        if (!part.limited) known = std::max(known, part.head);
    }
    for (const auto& [channel, head] : synced.joined)
        known_[channel] = std::max(known_[channel], head);
    for (const auto& channel : synced.left)
        known_.erase(channel);
}

void Connection::answered(const std::vector<chat::ChannelPage>& pages, SteadyTime when) {
    Paged paged;
    std::string what = "has read";
    for (const auto& page : pages) {
        shown(page.messages, when);
        paged.channels[page.head->channel] = {page.head->seq, entries_of(page.messages)};
        what += " " + short_name(page.head->channel) + "@" + std::to_string(page.head->seq);
    }
    paged.committed = cluster_.committed_heads();
    if (!note(paged, what)) return;
    known_.clear();
    for (const auto& [channel, page] : paged.channels)
        known_[channel] = page.head;
}

void Connection::answered(ChannelId channel, const chat::HistoryPage& page, SteadyTime when) {
    shown(page.messages, when);
    note(ReadBack{channel, page.head, page.from, page.to, entries_of(page.messages)}, "has read back");
}

Task<Result<void>> connect(chat::Chat& chat, std::shared_ptr<Connection> connection, Deadline deadline) {
    auto connecting = chat.delivery().connect(connection, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(connecting));
    connection->opened();
    co_return Result<void>();
}

Task<Result<void>> sync(chat::Chat& chat, std::shared_ptr<Connection> connection, Known known,
                        Deadline deadline) {
    const auto when = chat.environment().clock.now();
    std::unordered_map<ChannelId, Seq> asked(known.begin(), known.end());
    auto bytes_of = [](const Entry&) { return kBytesEach; };
    auto syncing = chat.sync(*connection, std::move(asked), std::move(bytes_of), deadline);
    auto answer = co_await std::move(syncing);
    if (answer.has_value()) connection->answered(known, *answer, when);
    chat.answered(*connection);
    if (answer.has_error()) co_return answer.error();
    co_return Result<void>();
}

Task<Result<void>> read_all(chat::Chat& chat, std::shared_ptr<Connection> connection, Deadline deadline) {
    const auto when = chat.environment().clock.now();
    auto bytes_of = [](const chat::FoldedMessage&) { return kBytesEach; };
    auto reading = chat.all_channels(*connection, std::move(bytes_of), deadline);
    auto pages = co_await std::move(reading);
    if (pages.has_value()) connection->answered(*pages, when);
    chat.answered(*connection);
    if (pages.has_error()) co_return pages.error();
    co_return Result<void>();
}

Task<Result<void>> read_history(chat::Chat& chat, std::shared_ptr<Connection> connection, ChannelId channel,
                                chat::HistoryQuery query, Deadline deadline) {
    const auto when = chat.environment().clock.now();
    auto reading = chat.history(connection->user(), channel, query, deadline);
    WARREN_CO_TRY(page, co_await std::move(reading));
    connection->answered(channel, *page, when);
    co_return Result<void>();
}

}  // namespace warren::simulation
