#pragma once
#include <algorithm>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "chat/blocks.hpp"
#include "chat/delivery.hpp"
#include "chat/unread.hpp"

namespace warren::chat {

enum class ReceiptKind { delivered, read };

/// What somebody sets for themselves in a channel; what is not given stays as it is.
struct SettingsChange {
    std::optional<bool> muted;
    std::optional<bool> pinned;
    std::optional<bool> archived;
    std::optional<NotifyLevel> notify;
    std::optional<Seq> unread_from;  ///< 0 takes the mark away.
};

/// What one person sees of a channel beside its entries.
struct ChannelMarks {
    OwnState own;
    std::uint64_t unread = 0;  ///< As of the head that was given.
    /// Of those who have any; one's own too.
    std::vector<std::pair<UserId, Watermark>> watermarks;
};

/// Receipts, unread counts, and what people set for themselves. What comes within Limits::receipt_delay is
/// checked, stored and told together: a burst costs as much as its last receipts. On the chat executor only.
/// Memory: Limits::receipts_waiting_max requests. @see docs/decisions/0057-unread.md
class Receipts {
public:
    Receipts(asio::any_io_executor executor, Environment& env, Memberships& memberships, Blocks& blocks,
             Delivery& delivery);
    ~Receipts();

    /// Raises a watermark of `user` to `seq`, and answers once it is stored. `read` raises both, and takes
    /// an unread mark away. @errors not_found (no such channel, or not a member), invalid (nothing has that
    /// seq), overloaded
    Task<Result<OwnState>> receive(UserId user, ChannelId channel, ReceiptKind kind, Seq seq);
    /// @errors as `receive`
    Task<Result<OwnState>> set(UserId user, ChannelId channel, SettingsChange change);

    /// What `user` sees of the channels of `stays`, theirs, in the same order. Others' watermarks up to
    /// Limits::large_group_publish members, and only while all together are at most `others_max`.
    Task<Result<std::vector<ChannelMarks>>> marks(UserId user, const std::vector<Stay>& stays,
                                                  std::size_t others_max, Deadline deadline);

private:
    struct Request;
    struct Row;
    struct Batch;
    using RequestPtr = std::shared_ptr<Request>;

    /// Whether every member is told of, and shown, everybody's receipts.
    bool is_small(std::size_t members) const {
        return members <= std::min(env_.limits.large_group_publish, kNamedMax);
    }
    Task<Result<OwnState>> enqueue(RequestPtr request);
    Task<void> run();
    Batch take_batch();
    Task<Result<void>> work(Batch& batch, Deadline deadline);
    Task<Result<void>> admit(Batch& batch, Deadline deadline);
    Task<Result<void>> read_entries(Batch& batch, Deadline deadline);
    Task<Result<void>> store(Batch& batch, Deadline deadline);
    static void settle(Row& row, const Batch& batch);
    Task<void> tell(const Row& row, const Batch& batch);
    void tell(Notice notice, std::vector<UserId> to);
    Task<std::vector<UserId>> readers_of(const Row& row, const Batch& batch);
    Task<Result<std::vector<MemberKey>>> keys_shown(UserId user, const std::vector<Stay>& stays,
                                                    std::size_t others_max, Deadline deadline);
    Task<Result<std::unordered_map<ChannelId, std::uint64_t>>> count_joined(std::vector<Place> places,
                                                                            Deadline deadline);

    asio::any_io_executor executor_;
    Environment& env_;
    Memberships& memberships_;
    Blocks& blocks_;
    Delivery& delivery_;
    std::deque<RequestPtr> queue_;
    bool running_ = false;
    prometheus::Counter& batches_;
};

}  // namespace warren::chat
