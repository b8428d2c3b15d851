#include "chat/fold.hpp"

#include <algorithm>
#include <unordered_map>

namespace warren::chat {
namespace {

/// Who has which emoji on one message, in order of first use and of reacting.
class Reactions {
public:
    void apply(UserId user, const ReactBody& body) {
        auto& users = users_of(body.emoji);
        const auto at = std::find(users.begin(), users.end(), user);
        if (body.on && at == users.end()) users.push_back(user);
        if (!body.on && at != users.end()) users.erase(at);
    }
    std::vector<Reaction> shown() const {
        std::vector<Reaction> out;
        for (const auto& [emoji, users] : emojis_) {
            if (users.empty()) continue;
            const auto shown = std::min(users.size(), kReactorsShown);
            out.push_back(
                {emoji, users.size(), {users.begin(), users.begin() + static_cast<std::ptrdiff_t>(shown)}});
        }
        return out;
    }

private:
    std::vector<UserId>& users_of(const std::string& emoji) {
        for (auto& [known, users] : emojis_) {
            if (known == emoji) return users;
        }
        return emojis_.emplace_back(emoji, std::vector<UserId>{}).second;
    }
    std::vector<std::pair<std::string, std::vector<UserId>>> emojis_;
};

struct Folding {
    FoldedMessage message;
    Reactions reactions;
};

void apply(Folding& folding, const EntryPtr& entry) {
    auto& message = folding.message;
    if (message.deleted_by != 0) return;
    if (const auto* edit = std::get_if<EditBody>(&entry->body)) {
        message.text = edit->text;
        message.edited_by = entry->seq;
    } else if (const auto* react = std::get_if<ReactBody>(&entry->body)) {
        folding.reactions.apply(entry->sender, *react);
    } else if (std::holds_alternative<DeleteBody>(entry->body)) {
        message.text.clear();
        message.deleted_by = entry->seq;
    }
}

}  // namespace

std::vector<FoldedMessage> fold(std::span<const EntryPtr> entries, std::span<const EntryPtr> targeting) {
    std::vector<Folding> foldings;
    std::unordered_map<Seq, std::size_t> by_seq;
    for (const auto& entry : entries) {
        const auto* body = std::get_if<MessageBody>(&entry->body);
        if (!body) continue;
        by_seq[entry->seq] = foldings.size();
        foldings.push_back({{entry, body->text, 0, 0, {}}, {}});
    }
    for (const auto& entry : targeting) {
        const auto target = by_seq.find(entry->target());
        if (target != by_seq.end()) apply(foldings[target->second], entry);
    }
    std::vector<FoldedMessage> out;
    out.reserve(foldings.size());
    for (auto& folding : foldings) {
        if (folding.message.deleted_by == 0) folding.message.reactions = folding.reactions.shown();
        out.push_back(std::move(folding.message));
    }
    return out;
}

}  // namespace warren::chat
