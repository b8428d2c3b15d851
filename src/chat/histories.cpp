#include "chat/histories.hpp"

namespace warren::chat {
namespace {

constexpr std::size_t kPagesOfAChannelMax = 4;
constexpr std::size_t kPageBytesMax = 64 << 10;

std::size_t size_of(const HistoryPage& page) {
    std::size_t bytes = 0;
    for (const auto& message : page.messages) {
        bytes += sizeof message + message.text.size() + message.entry->nonce.size();
        if (const auto* body = std::get_if<MessageBody>(&message.entry->body)) bytes += body->data.size();
        for (const auto& reaction : message.reactions)
            bytes += sizeof reaction + reaction.users.size() * sizeof(UserId);
    }
    return bytes;
}

}  // namespace

HistoryPagePtr Histories::find(ChannelId channel, Seq head, Seq floor, const HistoryQuery& query) {
    const auto* pages = kept_.find(channel);
    if (!pages) return nullptr;
    for (const auto& known : *pages)
        if (known.page->head == head && known.floor == floor && known.query == query) return known.page;
    return nullptr;
}

void Histories::keep(ChannelId channel, Seq floor, const HistoryQuery& query, HistoryPagePtr page,
                     std::uint64_t drops) {
    if (drops != drops_ || size_of(*page) > kPageBytesMax) return;
    std::vector<Kept> pages;
    if (const auto* known = kept_.find(channel); known && known->front().page->head == page->head)
        pages = *known;
    if (pages.size() == kPagesOfAChannelMax) pages.erase(pages.begin());
    pages.push_back({floor, query, std::move(page)});
    kept_.put(channel, std::move(pages));
}

void Histories::drop(ChannelId channel) {
    ++drops_;
    kept_.erase(channel);
}

}  // namespace warren::chat
