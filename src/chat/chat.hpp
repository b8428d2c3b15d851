// Long because it is the one door to everything that people do; what lies behind it is in files of its own.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "chat/blocks.hpp"
#include "chat/channel_log.hpp"
#include "chat/deletions.hpp"
#include "chat/delivery.hpp"
#include "chat/directory.hpp"
#include "chat/fold.hpp"
#include "chat/pages.hpp"
#include "chat/presence.hpp"
#include "chat/receipts.hpp"
#include "chat/retention.hpp"
#include "chat/subscriber.hpp"
#include "chat/typing.hpp"

namespace warren::chat {

/// A new message as its sender gave it; shape and sizes are checked here.
struct MessageDraft {
    MessageBody body;
    std::string nonce;  ///< May be empty: one is made.
};

struct GroupDraft {
    std::string name;
    std::vector<UserId> members;  ///< May hold the creator and repeats.
    HistoryAccess history = HistoryAccess::all;
    std::string data;
    std::string nonce;  ///< May be empty: one is made.
};

/// What of a group is to be set anew; at least one.
struct GroupUpdate {
    std::optional<std::string> name;
    std::optional<std::string> image;  ///< The address of its picture; empty: none.
    std::optional<std::string> data;
};

/// A channel that was made, or that had been made before by the same call.
struct Created {
    ChannelId channel;
    bool existed = false;
};

/// A channel as `channels:get` shows it.
struct ChannelPage {
    ChannelViewPtr view;
    EntryPtr head;
    std::vector<FoldedMessage> messages;  ///< The newest, oldest first.
};

/// One line of `channels:list`.
struct ChannelLine {
    Channel channel;
    Role role = Role::member;
    EntryPtr head;
    std::optional<FoldedMessage> newest;
    ChannelMarks marks;
    UserPtr peer;  ///< In a one-to-one chat, the other; else null.
};
struct ChannelLines {
    std::vector<ChannelLine> lines;   ///< Latest activity first.
    std::optional<std::string> next;  ///< What to give as `after` for more.
};

struct SearchRequest {
    std::string query;                  ///< As a person typed it. @see words/query.hpp
    std::optional<ChannelId> channel;   ///< None: the user's channels, the latest active ones.
    std::optional<std::string> before;  ///< The `next` of an earlier answer.
    std::size_t limit = 20;             ///< 1 to 100.
};
struct SearchPage {
    std::vector<FoldedMessage> messages;  ///< Newest first.
    std::optional<std::string> next;      ///< What to give as `before` for more, of which there may be none.
};

struct MemberPage {
    std::vector<MemberView> members;  ///< By user id.
    std::optional<UserId> next;
    std::size_t total = 0;
};

/// What `sync` says of one channel.
struct SyncedChannel {
    std::vector<EntryPtr> entries;  ///< Raw, after the seq asked, ascending, without a hole.
    EntryPtr head;
    Seq first_seq = 1;
    bool limited = false;  ///< More remain after the last of `entries`.
};
struct SyncAnswer {
    FlatMap<ChannelId, SyncedChannel> channels;
    std::vector<std::pair<ChannelViewPtr, EntryPtr>>
        joined;                   ///< The caller's channels that were not asked for, with their heads.
    std::vector<ChannelId> left;  ///< Asked for, but not (or no longer) the caller's.
    FlatMap<ChannelId, ChannelMarks> marks;  ///< Of all channels above.
};
/// What a value costs in the answer, so that it can be kept within Limits::answer_bytes_max. Given by the
/// gateway.
using EntryBytes = std::function<std::size_t(const Entry&)>;
using MessageBytes = std::function<std::size_t(const FoldedMessage&)>;

/// Everything that people do in channels. One per node; every call and every callback is on its executor.
/// Errors beyond those named: unavailable, timed_out, overloaded.
class Chat {
public:
    Chat(asio::any_io_executor executor, Environment env);
    ~Chat();

    void start();
    Task<void> stop();
    asio::any_io_executor executor() const { return executor_; }
    const Environment& environment() const { return env_; }
    Delivery& delivery() { return delivery_; }
    Receipts& receipts() { return receipts_; }
    Blocks& blocks() { return blocks_; }
    Typing& typing() { return typing_; }
    Presence& presence() { return presence_; }

    /// Appends a message. Two calls for one channel are stored in the order in which they were made.
    /// @errors not_found (no such channel, or the sender is not in it), forbidden (one of the two has blocked
    /// the other), invalid, too_large, nonce_conflict
    Task<Result<EntryPtr>> send_message(UserId sender, ChannelId channel, MessageDraft draft,
                                        Deadline deadline);

    /// Replaces the text of one of the sender's own messages. Like every change below: as an entry of the
    /// log, once per nonce, and judged by the message as it is right before that entry.
    /// @errors not_found (no such channel or message, for this person), forbidden (somebody else's), conflict
    /// (it was deleted), invalid, too_large, nonce_conflict
    Task<Result<EntryPtr>> edit_message(UserId sender, ChannelId channel, Seq message, std::string text,
                                        std::string nonce, Deadline deadline);
    /// Deletes a message: one's own, or anybody's as an admin. When this resolves its text and that of its
    /// edits are gone from the store, and from every answer that is asked for afterwards.
    /// @errors as edit_message; after unavailable and timed_out it may be deleted all the same, and what is
    /// missing is finished by itself or by a retry
    Task<Result<EntryPtr>> delete_message(UserId sender, ChannelId channel, Seq message, std::string nonce,
                                          Deadline deadline);
    /// Adds or takes back one's reaction. Null: it was so already, and nothing was appended.
    /// @errors not_found, conflict (the message was deleted), invalid (not one emoji), too_large (so many
    /// different emoji have no room), nonce_conflict
    Task<Result<EntryPtr>> react(UserId sender, ChannelId channel, ReactBody reaction, std::string nonce,
                                 Deadline deadline);

    /// Makes a group whose admin is `creator`. A repeat with the same nonce gives the channel made first.
    /// @errors invalid (name, members that do not exist), too_large, nonce_conflict
    Task<Result<Created>> create_group(UserId creator, GroupDraft draft, Deadline deadline);

    /// The one-to-one channel of the two; made at the first call of either.
    /// @errors invalid (with oneself), not_found (no such person, or they have blocked `user`), forbidden
    /// (`user` has blocked them); neither where the channel is there already
    Task<Result<Created>> open_pair(UserId user, UserId other, Deadline deadline);

    // Changes of a group (groups.cpp). Each appends one entry and gives it; the same nonce again (may be
    // empty: one is made) gives the entry first stored. Only members learn anything of a group: to others it
    // is not_found. Only admins change it, others are `forbidden`; in a chat of two everything is `invalid`;
    // what would change nothing is `conflict`.

    /// Lets people in, as members. Some may be in already.
    /// @errors invalid (somebody does not exist), too_large (the call, or the group would be)
    Task<Result<EntryPtr>> add_members(UserId user, ChannelId channel, std::vector<UserId> members,
                                       std::string nonce, Deadline deadline);
    /// Puts people out, not oneself. Some may not be in. @errors invalid, too_large
    Task<Result<EntryPtr>> remove_members(UserId user, ChannelId channel, std::vector<UserId> members,
                                          std::string nonce, Deadline deadline);
    /// @errors conflict (also: a group would be left without an admin), not_found (also: not a member)
    Task<Result<EntryPtr>> set_role(UserId user, ChannelId channel, UserId member, Role role,
                                    std::string nonce, Deadline deadline);
    /// @errors invalid, too_large
    Task<Result<EntryPtr>> update_group(UserId user, ChannelId channel, GroupUpdate update, std::string nonce,
                                        Deadline deadline);
    /// Everybody's own. Where the last admin leaves, the longest-standing member becomes one by the same
    /// entry. When the last member has left, nobody can reach the group any more.
    Task<Result<EntryPtr>> leave_group(UserId user, ChannelId channel, std::string nonce, Deadline deadline);

    /// Every channel of the subscriber's user with its newest page, pages shortened evenly to keep all within
    /// the answer budget. Pushes to the subscriber are held until `answered`.
    Task<Result<std::vector<ChannelPage>>> all_channels(Subscriber& subscriber, MessageBytes bytes_of,
                                                        Deadline deadline);
    /// Raw entries after the seqs that the client has, and the channels it lacks or left. Pushes to the
    /// subscriber are held until `answered`. @errors too_large (more channels asked than Limits allow)
    Task<Result<SyncAnswer>> sync(Subscriber& subscriber, std::unordered_map<ChannelId, Seq> known,
                                  EntryBytes bytes_of, Deadline deadline);
    /// To be called right after the answer of `all_channels` or `sync` (or its error) was queued, with no
    /// suspension in between.
    void answered(Subscriber& subscriber);

    /// A page of history, folded. Reads at most four buckets, so it may be empty although more remains.
    /// `from` and `to` say how far it got.
    /// @errors not_found (no such channel, or not a member), invalid
    Task<Result<HistoryPagePtr>> history(UserId user, ChannelId channel, HistoryQuery query,
                                         Deadline deadline);
    /// The messages of the user's channels that match as they are now, about as many as `limit` and the
    /// answer budget allow; fewer, and `next`, where finding them takes long.
    /// @errors invalid and too_large (query, limit or `before`: the sentence says what), not_found (channel)
    Task<Result<SearchPage>> search(UserId user, SearchRequest request, MessageBytes bytes_of,
                                    Deadline deadline);
    /// @errors invalid (`after` is not from here)
    Task<Result<ChannelLines>> list_channels(UserId user, std::size_t limit, std::optional<std::string> after,
                                             Deadline deadline);
    /// @errors not_found
    Task<Result<MemberPage>> members(UserId user, ChannelId channel, UserId after, std::size_t limit,
                                     Deadline deadline);

private:
    /// What somebody may read of a channel, as of its head.
    struct Access {
        EntryPtr head;
        MembershipPtr members;
        Seq floor = 1;  ///< Nothing before this seq.
    };

    Task<Result<EntryPtr>> change(UserId sender, ChannelId channel, Proposal proposal, Deadline deadline);
    /// Where somebody may search, and from which seq on.
    using Floors = std::unordered_map<ChannelId, Seq>;
    /// What to make of hits: messages as they are now.
    using Found = std::map<Place, FoldedMessage>;

    Task<Result<Floors>> searched_channels(UserId user, std::optional<ChannelId> channel, Deadline deadline);
    Task<Result<Found>> read_hits(std::vector<Hit> hits, Deadline deadline);

    Task<Result<Access>> access_of(UserId user, ChannelId channel, Deadline deadline);
    /// Appends what a member of a group wants to change there.
    Task<Result<EntryPtr>> change_group(ChannelId channel, Proposal proposal, Deadline deadline);
    Task<Result<void>> check_people(UserId user, ChannelId channel, std::vector<UserId> people,
                                    Deadline deadline);
    Task<Result<Created>> create(UserId creator, std::string origin, ChannelBody body, std::string nonce,
                                 Deadline deadline);
    Task<Result<Page>> read_bucket(ChannelId channel, Seq from, Seq to, Seq head, Seq& first_seq,
                                   Deadline deadline);
    Task<Result<HistoryPage>> read_back(ChannelId channel, Seq floor, Seq to, Seq head, std::size_t limit,
                                        int buckets_max, Deadline deadline);
    Task<Result<HistoryPage>> read_on(ChannelId channel, Seq from, Seq head, std::size_t limit,
                                      int buckets_max, Deadline deadline);
    Task<Result<std::vector<ChannelPage>>> read_pages(UserId user, const MessageBytes& bytes_of,
                                                      Answered& answered, Deadline deadline);
    Task<Result<SyncAnswer>> read_sync(UserId user, std::unordered_map<ChannelId, Seq> known,
                                       const EntryBytes& bytes_of, Answered& answered, Deadline deadline);
    Task<Result<SyncedChannel>> read_since(const Stay& stay, Seq known, const EntryBytes& bytes_of,
                                           std::size_t& budget, Deadline deadline);
    Task<Result<void>> find_peers(UserId user, std::vector<ChannelLine>& lines, Deadline deadline);
    Task<Result<std::optional<FoldedMessage>>> newest_message(const EntryPtr& head, Deadline deadline);

    asio::any_io_executor executor_;
    Environment env_;
    Memberships memberships_;
    Directory directory_;
    Blocks blocks_;
    Pages pages_;
    Deletions deletions_;
    Retention retention_;
    ChannelLog log_;
    Delivery delivery_;
    Receipts receipts_;
    Typing typing_;
    Presence presence_;
    prometheus::Histogram& search_seconds_;
    prometheus::Counter& search_candidates_;
    /// Of the answer that was completed last, until the caller queued it.
    Answered answered_;
};

}  // namespace warren::chat
