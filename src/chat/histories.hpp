#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/lately_used.hpp"
#include "chat/fold.hpp"

namespace warren::chat {

struct HistoryQuery {
    enum class From { newest, before, after, around };
    From from = From::newest;
    Seq seq = 0;
    std::size_t limit = 50;  ///< 1 to 100.
    friend bool operator==(const HistoryQuery&, const HistoryQuery&) = default;
};
struct HistoryPage {
    std::vector<FoldedMessage> messages;  ///< Oldest first.
    Seq from = 0;                         ///< The seqs covered: from <= seq <= to ...
    Seq to = 0;                           ///< ... 0, 0 where none.
    Seq head = 0;
    Seq first_seq = 1;
    bool limited = false;  ///< There is more in the direction asked.
    /// What was written of it, for whoever is given the same page next. Nothing in chat/ looks at it.
    mutable std::string text = {};
};
using HistoryPagePtr = std::shared_ptr<const HistoryPage>;

/// Pages of history that were put together lately. Of one channel they are all as of the same head: what was
/// asked before the next entry came is answered with the very same page. Small ones, of a few channels. On
/// the chat executor only.
class Histories {
public:
    /// Null where it is to be put together. `floor` is the first seq that may be shown.
    HistoryPagePtr find(ChannelId channel, Seq head, Seq floor, const HistoryQuery& query);
    /// Keeps `page`, unless something was dropped since there were `drops`.
    void keep(ChannelId channel, Seq floor, const HistoryQuery& query, HistoryPagePtr page,
              std::uint64_t drops);
    /// Of that channel none is kept on return, nor by anybody who has begun to put one together.
    void drop(ChannelId channel);
    std::uint64_t drops() const { return drops_; }

private:
    struct Kept {
        Seq floor = 0;
        HistoryQuery query;
        HistoryPagePtr page;
    };

    LatelyUsed<ChannelId, std::vector<Kept>> kept_{64};
    std::uint64_t drops_ = 0;
};

}  // namespace warren::chat
