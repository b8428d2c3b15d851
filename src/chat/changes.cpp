// What people do to messages: edit, delete, react.
#include "chat/chat.hpp"
#include "chat/checks.hpp"
#include "chat/emoji.hpp"
#include "chat/rules.hpp"

namespace warren::chat {
namespace {

Error no_such_message() {
    return {Errc::not_found, "There is no message with that seq in this channel."};
}
Error was_deleted() {
    return {Errc::conflict, "That message was deleted."};
}
Error not_yours(std::string_view what) {
    return {Errc::forbidden, "Only the sender of a message " + std::string(what) + "."};
}

/// The sender's standing, where the message is there for them and not deleted.
Result<const Standing*> check_target(const Before& before, UserId sender) {
    const auto* standing = before.members.find(sender);
    if (!standing) return no_such_channel();
    if (!readable_target(before, *standing)) return no_such_message();
    if (before.target->is_deleted()) return was_deleted();
    return standing;
}

}  // namespace

Task<Result<EntryPtr>> Chat::change(UserId sender, ChannelId channel, Proposal proposal, Deadline deadline) {
    if (proposal.nonce.size() > kNonceBytesMax)
        co_return Error(Errc::invalid, "nonce must be at most 64 bytes long.");
    if (proposal.nonce.empty()) proposal.nonce = env_.ids.make<EntryId>(env_.clock.wall()).hex();
    proposal.sender = sender;
    auto appending = log_.append(channel, std::move(proposal), deadline);
    WARREN_CO_TRY(appended, co_await std::move(appending));
    co_return appended.entry;
}

Task<Result<EntryPtr>> Chat::edit_message(UserId sender, ChannelId channel, Seq message, std::string text,
                                          std::string nonce, Deadline deadline) {
    if (text.empty()) co_return Error(Errc::invalid, "message must not be empty.");
    if (text.size() > env_.limits.message_bytes_max) {
        co_return Error(Errc::too_large, "message must be at most " +
                                             std::to_string(env_.limits.message_bytes_max) + " bytes long.");
    }
    Proposal proposal;
    proposal.nonce = std::move(nonce);
    proposal.body = EditBody{message, std::move(text), false};
    proposal.check = [sender](const Before& before) -> Result<void> {
        WARREN_TRY_VOID(check_target(before, sender));
        if (before.target->entry()->sender != sender) return not_yours("can edit it");
        return {};
    };
    auto changing = change(sender, channel, std::move(proposal), deadline);
    co_return co_await std::move(changing);
}

Task<Result<EntryPtr>> Chat::delete_message(UserId sender, ChannelId channel, Seq message, std::string nonce,
                                            Deadline deadline) {
    Proposal proposal;
    proposal.nonce = std::move(nonce);
    proposal.body = DeleteBody{message};
    proposal.check = [sender](const Before& before) -> Result<void> {
        WARREN_TRY(standing, check_target(before, sender));
        const bool is_own = before.target->entry()->sender == sender;
        if (!is_own && standing->role != Role::admin) return not_yours("and admins can delete it");
        return {};
    };
    auto changing = change(sender, channel, std::move(proposal), deadline);
    WARREN_CO_TRY(entry, co_await std::move(changing));
    // Also where the delete was found stored already: its author may have died before this.
    if (!on(Rule::blank_before_ack)) co_return entry;
    auto finishing = deletions_.finish(entry, deadline);
    WARREN_CO_TRY_VOID(co_await std::move(finishing));
    co_return entry;
}

Task<Result<EntryPtr>> Chat::react(UserId sender, ChannelId channel, ReactBody reaction, std::string nonce,
                                   Deadline deadline) {
    if (!is_emoji(reaction.emoji)) co_return Error(Errc::invalid, "\"emoji\" must be one emoji.");
    Proposal proposal;
    proposal.nonce = std::move(nonce);
    proposal.check = [sender, reaction,
                      most = env_.limits.emoji_per_message_max](const Before& before) -> Result<void> {
        WARREN_TRY_VOID(check_target(before, sender));
        const auto& target = *before.target;
        if (reaction.on && !target.has_emoji(reaction.emoji) && target.emoji_count() >= most) {
            return Error(Errc::too_large,
                         "A message has at most " + std::to_string(most) + " different emoji.");
        }
        return {};
    };
    proposal.is_needless = [sender, reaction](const Before& before) {
        return before.target->has_reaction(sender, reaction.emoji) == reaction.on;
    };
    proposal.body = std::move(reaction);
    auto changing = change(sender, channel, std::move(proposal), deadline);
    co_return co_await std::move(changing);
}

}  // namespace warren::chat
