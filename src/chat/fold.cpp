#include "chat/fold.hpp"

#include <algorithm>
#include <unordered_set>

namespace warren::chat {

MessageState::MessageState(EntryPtr message)
    : entry_(std::move(message)), text_(std::get<MessageBody>(entry_->body).text) {}

void MessageState::apply(const Entry& entry) {
    if (deleted_by_ != 0) return;
    if (const auto* edit = std::get_if<EditBody>(&entry.body)) {
        text_ = edit->text;
        edited_by_ = entry.seq;
    } else if (const auto* react = std::get_if<ReactBody>(&entry.body)) {
        apply_reaction(entry.sender, *react);
    } else if (std::holds_alternative<DeleteBody>(entry.body)) {
        text_.clear();
        emojis_.clear();
        deleted_by_ = entry.seq;
    }
}

std::vector<UserId>& MessageState::users_of(const std::string& emoji) {
    for (auto& [known, users] : emojis_) {
        if (known == emoji) return users;
    }
    return emojis_.emplace_back(emoji, std::vector<UserId>{}).second;
}

void MessageState::apply_reaction(UserId user, const ReactBody& body) {
    auto& users = users_of(body.emoji);
    const auto at = std::find(users.begin(), users.end(), user);
    if (body.on && at == users.end()) users.push_back(user);
    if (!body.on && at != users.end()) users.erase(at);
}

bool MessageState::has_reaction(UserId user, std::string_view emoji) const {
    for (const auto& [known, users] : emojis_) {
        if (known == emoji) return std::find(users.begin(), users.end(), user) != users.end();
    }
    return false;
}

bool MessageState::has_emoji(std::string_view emoji) const {
    const auto is_it = [emoji](const auto& item) { return item.first == emoji && !item.second.empty(); };
    return std::any_of(emojis_.begin(), emojis_.end(), is_it);
}

std::size_t MessageState::emoji_count() const {
    const auto in_use = [](const auto& item) { return !item.second.empty(); };
    return static_cast<std::size_t>(std::count_if(emojis_.begin(), emojis_.end(), in_use));
}

FoldedMessage MessageState::folded() && {
    FoldedMessage out{std::move(entry_), std::move(text_), edited_by_, deleted_by_, {}};
    for (const auto& [emoji, users] : emojis_) {
        if (users.empty()) continue;
        const auto shown = std::min(users.size(), kReactorsShown);
        out.reactions.push_back(
            {emoji, users.size(), {users.begin(), users.begin() + static_cast<std::ptrdiff_t>(shown)}});
    }
    return out;
}

std::vector<FoldedMessage> fold(std::span<const EntryPtr> entries, std::span<const EntryPtr> targeting) {
    std::vector<MessageState> states;
    states.reserve(entries.size());
    for (const auto& entry : entries)
        if (entry->is_message()) states.emplace_back(entry);
    const auto is_before = [](const MessageState& state, Seq seq) { return state.entry()->seq < seq; };
    for (const auto& entry : targeting) {
        const auto at = std::lower_bound(states.begin(), states.end(), entry->target(), is_before);
        if (at != states.end() && at->entry()->seq == entry->target()) at->apply(*entry);
    }
    std::vector<FoldedMessage> out;
    out.reserve(states.size());
    for (auto& state : states)
        out.push_back(std::move(state).folded());
    return out;
}

void hide_deleted(std::vector<EntryPtr>& entries, std::span<const EntryPtr> targeting) {
    std::unordered_set<Seq> deleted;
    for (const auto& entry : targeting) {
        if (const auto* body = std::get_if<DeleteBody>(&entry->body)) deleted.insert(body->target);
    }
    if (deleted.empty()) return;
    for (auto& entry : entries) {
        const bool is_edit = std::holds_alternative<EditBody>(entry->body);
        const bool gone = (is_edit && deleted.contains(entry->target())) ||
                          (entry->is_message() && deleted.contains(entry->seq));
        if (!gone || is_blanked(entry->body)) continue;
        Entry left = *entry;
        left.body = blanked(entry->body);
        entry = std::make_shared<const Entry>(std::move(left));
    }
}

}  // namespace warren::chat
