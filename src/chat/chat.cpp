// What people write: messages, and channels.
#include "chat/chat.hpp"

#include <algorithm>

#include "chat/checks.hpp"

namespace warren::chat {
namespace {

constexpr std::string_view kPairNonce = "pair";

Result<void> check_draft(const MessageDraft& draft, const Limits& limits) {
    WARREN_TRY_VOID(check_nonce(draft.nonce));
    const auto& body = draft.body;
    if (body.text.size() > limits.message_bytes_max) {
        return Error(Errc::too_large,
                     "message must be at most " + std::to_string(limits.message_bytes_max) + " bytes long.");
    }
    if (body.type.size() > limits.type_bytes_max) {
        return Error(Errc::too_large,
                     "type must be at most " + std::to_string(limits.type_bytes_max) + " bytes long.");
    }
    WARREN_TRY_VOID(check_data(body.data, limits));
    if (body.mentions.size() > limits.mentions_max) {
        return Error(Errc::too_large,
                     "mentions must name at most " + std::to_string(limits.mentions_max) + " people.");
    }
    if (body.text.empty() && body.data.empty()) {
        return Error(Errc::invalid, "message must not be empty, unless there is data.");
    }
    return {};
}

Result<void> check_group(const GroupDraft& draft, const Limits& limits) {
    WARREN_TRY_VOID(check_nonce(draft.nonce));
    WARREN_TRY_VOID(check_group_name(draft.name, limits));
    WARREN_TRY_VOID(check_data(draft.data, limits));
    if (draft.members.size() > limits.group_members_max) {
        return Error(Errc::too_large,
                     "A group has at most " + std::to_string(limits.group_members_max) + " members.");
    }
    return {};
}

/// The creator first and as admin, everybody once.
std::vector<MemberChange> members_of(UserId creator, const std::vector<UserId>& others) {
    std::vector<MemberChange> members{{creator, Role::admin}};
    std::unordered_set<UserId> known{creator};
    for (const auto& user : others) {
        if (known.insert(user).second) members.push_back({user, Role::member});
    }
    return members;
}

}  // namespace

Chat::Chat(asio::any_io_executor executor, Environment env)
    : executor_(executor),
      env_(env),
      memberships_(env_),
      directory_(env_, memberships_),
      blocks_(env_),
      pages_(env_.entries, env_.cache, env_.metrics),
      deletions_(executor, env_, pages_),
      retention_(executor, env_, memberships_, pages_),
      log_(executor, env_, memberships_),
      delivery_(executor, env_, memberships_, directory_, log_, deletions_),
      receipts_(executor, env_, memberships_, blocks_, delivery_),
      typing_(executor, env_, memberships_, blocks_, delivery_),
      presence_(executor, env_, delivery_),
      search_seconds_(
          env_.metrics.seconds("warren_search_seconds", "From a search's beginning to its page.")),
      search_candidates_(env_.metrics.counter("warren_search_candidates_total",
                                              "Messages that searches read to see whether they are meant.")) {
    log_.observe(delivery_);
    delivery_.observe(typing_);
    delivery_.observe(presence_);
}

Chat::~Chat() = default;

void Chat::start() {
    delivery_.start();
    deletions_.start();
    retention_.start();
    presence_.start();
}

Task<void> Chat::stop() {
    deletions_.stop();
    retention_.stop();
    auto leaving = presence_.stop();
    co_await std::move(leaving);
    auto stopping = delivery_.stop();
    co_await std::move(stopping);
}

Task<Result<EntryPtr>> Chat::send_message(UserId sender, ChannelId channel, MessageDraft draft,
                                          Deadline deadline) {
    WARREN_CO_TRY_VOID(check_draft(draft, env_.limits));
    Proposal proposal;
    proposal.sender = sender;
    proposal.nonce =
        draft.nonce.empty() ? env_.ids.make<EntryId>(env_.clock.wall()).hex() : std::move(draft.nonce);
    proposal.check = [sender, reply_to = draft.body.reply_to](const Before& before) -> Result<void> {
        const auto* standing = before.members.find(sender);
        if (!standing) return no_such_channel();
        if (reply_to != 0 && !readable_target(before, *standing)) {
            return Error(Errc::invalid, "\"replyTo\" must be the seq of a message of this channel.");
        }
        return {};
    };
    proposal.body = std::move(draft.body);
    auto appending = log_.append(channel, std::move(proposal), deadline);
    WARREN_CO_TRY(appended, co_await std::move(appending));
    co_return appended.entry;
}

Task<Result<Created>> Chat::create_group(UserId creator, GroupDraft draft, Deadline deadline) {
    WARREN_CO_TRY_VOID(check_group(draft, env_.limits));
    ChannelBody body;
    body.is_group = true;
    body.name = std::move(draft.name);
    body.history = draft.history;
    body.data = std::move(draft.data);
    body.members = members_of(creator, draft.members);
    std::vector<UserId> people;
    for (const auto& member : body.members)
        people.push_back(member.user);
    auto reading = env_.users.users(people, deadline);
    WARREN_CO_TRY(existing, co_await std::move(reading));
    if (existing.size() != people.size())
        co_return Error(Errc::invalid, "members holds somebody who does not exist.");
    auto nonce =
        draft.nonce.empty() ? env_.ids.make<EntryId>(env_.clock.wall()).hex() : std::move(draft.nonce);
    auto origin = "new:" + creator.hex() + ":" + nonce;
    auto creating = create(creator, std::move(origin), std::move(body), std::move(nonce), deadline);
    co_return co_await std::move(creating);
}

Task<Result<Created>> Chat::open_pair(UserId user, UserId other, Deadline deadline) {
    if (user == other) co_return Error(Errc::invalid, "member must be somebody else than you.");
    auto reading = env_.users.users({other}, deadline);
    WARREN_CO_TRY(existing, co_await std::move(reading));
    if (existing.empty()) co_return Error(Errc::not_found, "There is no such person.");
    ChannelBody body;
    body.name = kPairChannelName;
    const auto [low, high] = std::minmax(user, other);
    body.members = {{low, Role::member}, {high, Role::member}};
    auto origin = "pair:" + low.hex() + ":" + high.hex();
    auto creating = create(user, std::move(origin), std::move(body), std::string(kPairNonce), deadline);
    co_return co_await std::move(creating);
}

/// The origin's row holds the channel id; whoever finds it completes the channel from there.
Task<Result<Created>> Chat::create(UserId creator, std::string origin, ChannelBody body, std::string nonce,
                                   Deadline deadline) {
    const auto fresh = env_.ids.make<ChannelId>(env_.clock.wall());
    auto claiming = env_.channels.claim_origin(std::move(origin), fresh, deadline);
    WARREN_CO_TRY(channel, co_await std::move(claiming));
    Proposal proposal;
    proposal.sender = creator;
    proposal.nonce = std::move(nonce);
    proposal.body = std::move(body);
    proposal.check = [creator](const Before& before) -> Result<void> {
        if (before.head != 0) return Error(Errc::conflict);
        return check_opening(creator, before.blocks);
    };
    auto appending = log_.append(channel, std::move(proposal), deadline);
    auto appended = co_await std::move(appending);
    if (appended.has_value()) co_return Created{channel, appended->repeated};
    // Of two people who open their chat at the same time, one finds it made by the other; and whoever repeats
    // a creation whose entry retention has removed finds no nonce, but the channel that the origin names.
    if (appended.error() == Errc::conflict) co_return Created{channel, true};
    co_return appended.error();
}

}  // namespace warren::chat
