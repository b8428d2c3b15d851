#pragma once
#include "ports/entry_store.hpp"
#include "ports/message_bus.hpp"

namespace warren::testing {

/// Counts the calls on their way to a store by what they are for. The sweep's, which come now and then
/// whatever anybody does, are not counted.
class CountedEntries final : public EntryStore {
public:
    explicit CountedEntries(EntryStore& under) : under_(under) {}
    std::size_t inserts = 0, reads = 0, changes = 0;
    std::size_t audits = 0;  ///< Places looked at: by audits, lists and receipts.
    std::size_t calls() const { return inserts + reads + changes + audits; }

    Task<Result<EntryPtr>> head(ChannelId channel, Deadline by) override {
        return ++reads, under_.head(channel, by);
    }
    Task<Result<std::vector<EntryPtr>>> heads(std::vector<ChannelId> channels, Deadline by) override {
        return ++reads, under_.heads(std::move(channels), by);
    }
    Task<Result<std::vector<EntryPtr>>> find_nonces(ChannelId channel, std::vector<NonceKey> keys,
                                                    Deadline by) override {
        return ++reads, under_.find_nonces(channel, std::move(keys), by);
    }
    Task<Result<void>> insert(std::vector<EntryPtr> run, Unless unless, Deadline by) override {
        return ++inserts, under_.insert(std::move(run), std::move(unless), by);
    }
    Task<Result<std::vector<EntryPtr>>> range(ChannelId channel, Seq from, Seq to, std::size_t limit,
                                              Deadline by) override {
        return ++reads, under_.range(channel, from, to, limit, by);
    }
    Task<Result<std::vector<EntryPtr>>> targeting(ChannelId channel, Bucket bucket, Seq after,
                                                  Deadline by) override {
        return ++reads, under_.targeting(channel, bucket, after, by);
    }
    Task<Result<std::vector<EntryPtr>>> at(std::vector<Place> places, Deadline by) override {
        return ++audits, under_.at(std::move(places), by);
    }
    Task<Result<void>> note_blankings(std::vector<Blanking> notes, Deadline by) override {
        return ++changes, under_.note_blankings(std::move(notes), by);
    }
    Task<Result<std::vector<Blanking>>> blankings(WallTime before, std::size_t limit, Deadline by) override {
        return under_.blankings(before, limit, by);
    }
    Task<Result<void>> blank(std::vector<EntryPtr> entries, Deadline by) override {
        return ++changes, under_.blank(std::move(entries), by);
    }
    Task<Result<void>> forget_blanking(EntryId id, Deadline by) override {
        return ++changes, under_.forget_blanking(id, by);
    }
    Task<Result<Hits>> search(std::vector<ChannelId> channels, words::Needles needles,
                              std::optional<Hit> before, std::size_t limit, Deadline by) override {
        return ++reads, under_.search(std::move(channels), std::move(needles), before, limit, by);
    }
    Task<Result<void>> remove_bucket(ChannelId channel, Bucket bucket, Deadline by) override {
        return under_.remove_bucket(channel, bucket, by);
    }

private:
    EntryStore& under_;
};

class CountedBus final : public MessageBus {
public:
    explicit CountedBus(MessageBus& under) : under_(under) {}
    int publishes = 0;
    std::size_t keys_of_last = 0;

    void start(asio::any_io_executor executor, BusListener& listener) override {
        under_.start(std::move(executor), listener);
    }
    Task<void> stop() override { return under_.stop(); }
    void bind(BusKey key) override { under_.bind(key); }
    void unbind(BusKey key) override { under_.unbind(key); }
    Task<Result<void>> barrier(Deadline by) override { return under_.barrier(by); }
    Task<Result<void>> publish(std::vector<BusKey> keys, BusMessage message, Deadline by) override {
        ++publishes;
        keys_of_last = keys.size();
        return under_.publish(std::move(keys), std::move(message), by);
    }
    void publish_control(ControlMessage message) override { under_.publish_control(std::move(message)); }
    std::uint64_t partition_map_hash() const override { return under_.partition_map_hash(); }

private:
    MessageBus& under_;
};

}  // namespace warren::testing
