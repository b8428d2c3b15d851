#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace warren::rabbitmq {

/// What one caller waits for while threads of ours work on its parts (a publish per partition, say). Resolves
/// with the first error, or once every part is done. Thread-safe.
class PendingReply {
public:
    /// With no parts it is resolved from the start.
    PendingReply(std::size_t parts, Deadline deadline) : deadline_(deadline), parts_left_(parts) {
        if (parts == 0) result_.emplace();
    }
    Deadline deadline() const { return deadline_; }

    /// One part has ended. What comes after the reply is resolved is ignored.
    void done(Result<void> part);

    /// Awaited at most once; resumes on the caller's own executor.
    static Task<Result<void>> wait(std::shared_ptr<PendingReply> reply);

private:
    struct Waiter {
        virtual ~Waiter() = default;
        virtual void resume(Result<void> result) = 0;
    };
    template <class Handler>
    struct HandlerWaiter;

    void set_waiter(std::unique_ptr<Waiter> waiter);

    const Deadline deadline_;
    std::mutex mutex_;
    std::size_t parts_left_;
    std::optional<Result<void>> result_;
    std::unique_ptr<Waiter> waiter_;
};

}  // namespace warren::rabbitmq
