#include "tests/simulation/device.hpp"

namespace warren::simulation {
namespace {

constexpr Span kPatience = seconds(6);
constexpr int kAttempts = 6;

bool may_succeed_later(const Error& error) {
    return info(error.code).retryable;
}

/// One of the changes of a group. Most are refused to whom is not its admin.
Task<Result<EntryPtr>> change_group_once(chat::Chat& chat, std::uint64_t what, UserId user, ChannelId channel,
                                         UserId other, std::string nonce, Deadline deadline) {
    if (user == other) return chat.leave_group(user, channel, std::move(nonce), deadline);
    if (what < 6) return chat.add_members(user, channel, {other}, std::move(nonce), deadline);
    if (what < 9) return chat.remove_members(user, channel, {other}, std::move(nonce), deadline);
    if (what == 9) {
        chat::GroupUpdate update;
        update.name = nonce;
        return chat.update_group(user, channel, std::move(update), std::move(nonce), deadline);
    }
    const auto role = what < 14 ? Role::admin : Role::member;
    return chat.set_role(user, channel, other, role, std::move(nonce), deadline);
}

}  // namespace

Device::Device(Cluster& cluster, UserId user, std::string name)
    : cluster_(cluster),
      world_(cluster.world()),
      random_(world_.random().next()),
      user_(user),
      name_(std::move(name)) {
    const auto kind = random_.below(6);
    kind_ = kind < 3 ? Kind::syncs : kind < 5 ? Kind::plain : Kind::listens;
}

Deadline Device::soon() {
    return {world_.now() + random_.between(seconds(1), seconds(5))};
}

Task<void> Device::live() {
    for (;;) {
        auto opening = open();
        const auto connection = co_await std::move(opening);
        if (connection) {
            auto using_it = use(connection);
            co_await std::move(using_it);
            disconnect(connection);
        }
        auto sleeping = world_.sleep(random_.between(milliseconds(20), milliseconds(1500)));
        co_await std::move(sleeping);
    }
}

Task<Device::ConnectionPtr> Device::open() {
    auto& node = cluster_.any_node();
    const auto connection = std::make_shared<Connection>(cluster_, node, user_, known_,
                                                         name_ + "/" + std::to_string(++connections_));
    cluster_.add(connection);
    std::function<Task<Result<void>>(chat::Chat&)> begin = [connection, by = soon()](chat::Chat& chat) {
        return connect(chat, connection, by);
    };
    auto connecting = cluster_.call<void>(node, std::move(begin), kPatience);
    const auto connected = co_await std::move(connecting);
    if (connected && connected->has_value()) co_return connection;
    disconnect(connection);
    co_return nullptr;
}

void Device::disconnect(ConnectionPtr connection) {
    connection->close();
    const auto leave = [connection] { connection->node().chat.delivery().disconnect(*connection); };
    world_.after(random_.between(Span(100), milliseconds(3)), &connection->node().process, leave);
}

Task<bool> Device::read_first(ConnectionPtr connection) {
    if (kind_ == Kind::listens) co_return true;
    if (kind_ == Kind::syncs) {
        // What was on its way when an earlier connection broke never came.
        for (auto& [channel, seq] : known_) {
            if (random_.chance(0.2)) seq -= std::min<Seq>(seq, random_.below(4));
            // Or it had not been here for long.
            if (looks_far_back() && random_.chance(0.2)) seq = random_.below(seq + 1);
        }
        auto syncing = sync_now(connection);
        co_return co_await std::move(syncing);
    }
    std::function<Task<Result<void>>(chat::Chat&)> begin = [connection, by = soon()](chat::Chat& chat) {
        return read_all(chat, connection, by);
    };
    auto reading = cluster_.call<void>(connection->node(), std::move(begin), kPatience);
    const auto read = co_await std::move(reading);
    co_return read && read->has_value();
}

Task<bool> Device::sync_now(ConnectionPtr connection) {
    std::function<Task<Result<void>>(chat::Chat&)> begin = [connection, known = known_,
                                                            by = soon()](chat::Chat& chat) {
        return sync(chat, connection, known, by);
    };
    auto syncing = cluster_.call<void>(connection->node(), std::move(begin), kPatience);
    const auto synced = co_await std::move(syncing);
    co_return synced && synced->has_value();
}

Task<void> Device::use(ConnectionPtr connection) {
    if (random_.chance(0.2)) {
        auto sleeping = world_.sleep(random_.between(milliseconds(0), milliseconds(2000)));
        co_await std::move(sleeping);
    }
    auto reading = read_first(connection);
    if (!co_await std::move(reading)) co_return;
    while (connection->is_open()) {
        auto sleeping = world_.sleep(random_.between(milliseconds(20), cluster_.plan().rest));
        co_await std::move(sleeping);
        if (!connection->is_open()) co_return;
        auto acting = act(connection);
        if (!co_await std::move(acting)) co_return;
    }
}

/// One thing that a device does now and then. False: it goes.
Task<bool> Device::act(ConnectionPtr connection) {
    const bool syncs = kind_ == Kind::syncs;
    if (syncs && (connection->has_to_sync() || (!cluster_.is_quiet() && random_.chance(0.1)))) {
        auto syncing = sync_now(connection);
        const bool synced = co_await std::move(syncing);
        co_return synced || random_.chance(0.5);
    }
    if (cluster_.is_quiet()) co_return true;
    if (random_.chance(0.05)) co_return false;
    const auto channel = any_channel();
    const bool far = looks_far_back();
    if (channel && random_.chance(far ? 0.3 : 0.05)) {
        using From = chat::HistoryQuery::From;
        const Seq known = known_[*channel];
        const chat::HistoryQuery query{random_.chance(0.5) ? From::newest : From::around,
                                       far ? random_.below(known + 1) : known, 1 + random_.below(100)};
        std::function<Task<Result<void>>(chat::Chat&)> begin = [=, by = soon()](chat::Chat& chat) {
            return read_history(chat, connection, *channel, query, by);
        };
        auto reading = cluster_.call<void>(connection->node(), std::move(begin), kPatience);
        co_await std::move(reading);
    }
    write_some(connection);
    co_return true;
}

/// Not where what it finds would take it too many answers.
bool Device::looks_far_back() const {
    return cluster_.plan().forgets && cluster_.plan().limits.answer_bytes_max > 100'000;
}

std::optional<ChannelId> Device::any_channel() {
    if (known_.empty()) return std::nullopt;
    return std::next(known_.begin(), static_cast<std::ptrdiff_t>(random_.below(known_.size())))->first;
}

void Device::write_some(const ConnectionPtr& connection) {
    const auto executor = world_.executor();
    const auto other = cluster_.person(random_.below(cluster_.plan().people));
    const auto channel = any_channel();
    const auto what = random_.below(40);
    if (what == 0) return spawn(executor, "group", make_group({other}));
    if (what == 1 && other != user_) return spawn(executor, "pair", open_pair(other));
    if (what <= 7 && channel && channel->bytes[10] == 0xc0) {
        return spawn(executor, "members", change_group(*channel, other));
    }
    if (what <= 14 && channel) return change_some(*channel);
    const auto count = random_.chance(0.2) ? 1 + random_.below(5) : 1;
    for (std::uint64_t i = 0; channel && i < count; ++i)
        spawn(executor, "send", send(*channel, fresh_nonce(), connection));
}

/// Sends until it is acknowledged, refused or given up: an outcome that is unknown is tried again under the
/// same nonce, on any node, and now and then so is one that is known.
Task<void> Device::send(ChannelId channel, std::string text, ConnectionPtr connection) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        auto& node = attempt == 0 && connection->is_open() ? connection->node() : cluster_.any_node();
        const bool same_node = &node == &connection->node() && connection->is_open();
        const auto known = known_.find(channel);
        const Seq shown = same_node && known != known_.end() ? known->second : 0;
        chat::MessageDraft draft;
        draft.body.text = draft.nonce = text;
        std::function<Task<Result<EntryPtr>>(chat::Chat&)> begin = [=, user = user_,
                                                                    by = soon()](chat::Chat& chat) {
            return chat.send_message(user, channel, draft, by);
        };
        auto sending =
            cluster_.call<EntryPtr>(node, std::move(begin), random_.between(milliseconds(300), kPatience));
        const auto sent = co_await std::move(sending);
        if (sent && sent->has_value()) {
            const auto& entry = ***sent;
            world_.trace(name_ + ": sent \"" + text + "\" as @" + std::to_string(entry.seq));
            cluster_.history.acknowledged.push_back({channel, user_, text, entry.seq, entry.id});
            if (!random_.chance(0.05)) co_return;
        } else if (sent && sent->error() == Errc::not_found) {
            const auto heads = cluster_.committed_heads();
            world_.trace(name_ + ": is not allowed to send \"" + text + "\"");
            if (shown != 0) cluster_.history.refused.push_back({channel, user_, shown, heads.at(channel)});
            co_return;
        } else if (sent && !may_succeed_later(sent->error())) {
            cluster_.history.surprises.push_back(text + ": " + sent->error().message);
            co_return;
        }
        if (gives_up()) co_return;
        auto sleeping = world_.sleep(random_.between(milliseconds(1), milliseconds(1500)));
        co_await std::move(sleeping);
    }
}

/// Edits, deletes or reacts to one of the newest messages, often several at once.
void Device::change_some(ChannelId channel) {
    const auto executor = world_.executor();
    const bool is_admin = user_ == cluster_.person(0) && random_.chance(0.5);
    const auto mine = any_message(channel, is_admin ? std::nullopt : std::optional(user_));
    const auto any = any_message(channel, std::nullopt);
    auto* node = &cluster_.any_node();
    const std::string emoji(random_.chance(0.5) ? "👍" : "❤️");
    const auto kind = random_.below(4);
    if (any && kind < 2)
        spawn(executor, "react", change(channel, ReactBody{*any, emoji, random_.chance(0.7)}, node));
    if (mine && kind >= 2)
        spawn(executor, "edit", change(channel, EditBody{*mine, fresh_nonce(), false}, node));
    if (mine && kind == 3) spawn(executor, "delete", change(channel, DeleteBody{*mine}, node));
    if (mine && kind == 3 && random_.chance(0.5))
        spawn(executor, "edit", change(channel, EditBody{*mine, fresh_nonce(), false}, node));
}

/// One of the three newest messages that were acknowledged, of anybody or somebody.
std::optional<Seq> Device::any_message(ChannelId channel, std::optional<UserId> of) {
    const auto& all = cluster_.history.acknowledged;
    std::vector<Seq> found;
    for (auto ack = all.rbegin(); ack != all.rend() && found.size() < 3; ++ack) {
        const auto heads = cluster_.replica_set().entry(ack->channel, ack->seq, UINT64_MAX);
        const bool fits = ack->channel == channel && (!of || ack->sender == *of);
        if (fits && heads && heads->is_message()) found.push_back(ack->seq);
    }
    if (found.empty()) return std::nullopt;
    return found[random_.below(found.size())];
}

/// Tries until it is acknowledged, refused or given up.
Task<void> Device::change(ChannelId channel, EntryBody what, SimNode* first) {
    const auto nonce = fresh_nonce();
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        auto& node = attempt == 0 ? *first : cluster_.any_node();
        std::function<Task<Result<EntryPtr>>(chat::Chat&)> begin = [=, user = user_,
                                                                    by = soon()](chat::Chat& chat) {
            if (const auto* edit = std::get_if<EditBody>(&what))
                return chat.edit_message(user, channel, edit->target, edit->text, nonce, by);
            if (const auto* react = std::get_if<ReactBody>(&what))
                return chat.react(user, channel, *react, nonce, by);
            return chat.delete_message(user, channel, target_of(what), nonce, by);
        };
        auto changing = cluster_.call<EntryPtr>(node, std::move(begin), kPatience);
        const auto changed = co_await std::move(changing);
        if (changed && changed->has_value()) {
            const auto entry = **changed;
            if (!entry) co_return;
            world_.trace(name_ + ": changed @" + std::to_string(target_of(what)) + " by @" +
                         std::to_string(entry->seq));
            cluster_.history.acknowledged.push_back({channel, user_, nonce, entry->seq, entry->id});
            if (std::holds_alternative<DeleteBody>(what)) note_deleted(*entry);
            co_return;
        }
        if ((changed && !may_succeed_later(changed->error())) || gives_up()) co_return;
        auto sleeping = world_.sleep(random_.between(milliseconds(1), milliseconds(1500)));
        co_await std::move(sleeping);
    }
}

/// The delete was acknowledged: from now on nobody is shown what it deleted, and it is gone already.
void Device::note_deleted(const Entry& entry) {
    const auto& set = cluster_.replica_set();
    const auto target = entry.target();
    cluster_.history.deleted.try_emplace(Place{entry.channel, target}, world_.now());
    for (const auto& other : set.range(entry.channel, target, UINT64_MAX, SIZE_MAX, set.committed())) {
        const bool is_edit = std::holds_alternative<EditBody>(other->body) && other->target() == target;
        if ((other->seq == target || is_edit) && !is_blanked(other->body))
            cluster_.history.unblanked_at_ack.push_back({entry.channel, other->seq});
    }
}

Task<void> Device::change_group(ChannelId channel, UserId other) {
    const auto nonce = fresh_nonce();
    const auto what = random_.below(15);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        std::function<Task<Result<EntryPtr>>(chat::Chat&)> begin = [=, user = user_,
                                                                    by = soon()](chat::Chat& chat) {
            return change_group_once(chat, what, user, channel, other, nonce, by);
        };
        auto changing = cluster_.call<EntryPtr>(cluster_.any_node(), std::move(begin), kPatience);
        const auto changed = co_await std::move(changing);
        if (changed && changed->has_value()) {
            const auto& entry = ***changed;
            world_.trace(name_ + ": changes the group as @" + std::to_string(entry.seq));
            cluster_.history.acknowledged.push_back({channel, user_, nonce, entry.seq, entry.id});
            co_return;
        }
        if ((changed && !may_succeed_later(changed->error())) || gives_up()) co_return;
    }
}

Task<void> Device::make_group(std::vector<UserId> members) {
    chat::GroupDraft draft;
    draft.name = "a group";
    draft.members = std::move(members);
    draft.nonce = fresh_nonce();
    draft.history = random_.chance(0.3) ? HistoryAccess::since_join : HistoryAccess::all;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        std::function<Task<Result<chat::Created>>(chat::Chat&)> begin =
            [=, user = user_, by = soon()](chat::Chat& chat) { return chat.create_group(user, draft, by); };
        auto making = cluster_.call<chat::Created>(cluster_.any_node(), std::move(begin), kPatience);
        const auto made = co_await std::move(making);
        if (made && made->has_value()) {
            cluster_.history.made.push_back({draft.nonce, (*made)->channel});
            if (!random_.chance(0.1)) co_return;
        }
        if (gives_up()) co_return;
    }
}

Task<void> Device::open_pair(UserId other) {
    const auto origin = std::min(user_, other).hex() + std::max(user_, other).hex();
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        std::function<Task<Result<chat::Created>>(chat::Chat&)> begin =
            [=, user = user_, by = soon()](chat::Chat& chat) { return chat.open_pair(user, other, by); };
        auto opening = cluster_.call<chat::Created>(cluster_.any_node(), std::move(begin), kPatience);
        const auto opened = co_await std::move(opening);
        if (opened && opened->has_value()) {
            cluster_.history.made.push_back({origin, (*opened)->channel});
            co_return;
        }
        if (gives_up()) co_return;
    }
}

}  // namespace warren::simulation
