#pragma once
#include <memory>

#include "ports/message_bus.hpp"

namespace warren {

class LocalHub;

/// The bus within one process: the default of a node that stands alone, and of tests with several nodes in
/// one process, which share a hub. Messages are handed over by pointer, never encoded. A node's own messages
/// do not come back to it (it has delivered them already), so alone it costs nothing. It is up as soon as it
/// is started, answers every call at once and never refuses one, whatever the deadline; what a receiver has
/// not handled yet waits in its executor without limit. Thread-safe.
class LocalBus final : public MessageBus {
public:
    /// Stands alone.
    LocalBus();
    /// One of several nodes on `hub`.
    explicit LocalBus(std::shared_ptr<LocalHub> hub);
    ~LocalBus() override;

    static std::shared_ptr<LocalHub> make_hub();

    void start(asio::any_io_executor executor, BusListener& listener) override;
    Task<void> stop() override;
    void bind(BusKey key) override;
    void unbind(BusKey key) override;
    /// Only before `start` and after `stop`: @errors unavailable
    Task<Result<void>> barrier(Deadline deadline) override;
    /// Only before `start` and after `stop`: @errors unavailable
    Task<Result<void>> publish(std::vector<BusKey> keys, BusMessage message, Deadline deadline) override;
    void publish_control(ControlMessage message) override;
    std::uint64_t partition_map_hash() const override { return 0; }

private:
    class Endpoint;
    friend class LocalHub;

    std::shared_ptr<LocalHub> hub_;
    std::shared_ptr<Endpoint> endpoint_;
};

}  // namespace warren
