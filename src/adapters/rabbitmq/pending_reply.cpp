#include "adapters/rabbitmq/pending_reply.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace warren::rabbitmq {

template <class Handler>
struct PendingReply::HandlerWaiter : Waiter {
    explicit HandlerWaiter(Handler h)
        : handler(std::move(h)),
          executor(asio::prefer(asio::get_associated_executor(handler),
                                asio::execution::outstanding_work.tracked)) {}
    void resume(Result<void> result) override {
        auto job = [h = std::move(handler), r = std::move(result)]() mutable { std::move(h)(std::move(r)); };
        asio::post(executor, std::move(job));
    }
    Handler handler;
    // Keeps the caller's loop running while it waits.
    decltype(asio::prefer(asio::get_associated_executor(std::declval<Handler&>()),
                          asio::execution::outstanding_work.tracked)) executor;
};

void PendingReply::done(Result<void> part) {
    std::unique_ptr<Waiter> waiter;
    {
        const std::lock_guard lock(mutex_);
        if (result_) return;
        if (part.has_value() && --parts_left_ > 0) return;
        result_ = part;
        waiter = std::move(waiter_);
    }
    if (waiter) waiter->resume(std::move(part));
}

void PendingReply::set_waiter(std::unique_ptr<Waiter> waiter) {
    std::optional<Result<void>> result;
    {
        const std::lock_guard lock(mutex_);
        result = result_;
        if (!result) waiter_ = std::move(waiter);
    }
    if (result) waiter->resume(*std::move(result));
}

Task<Result<void>> PendingReply::wait(std::shared_ptr<PendingReply> reply) {
    auto initiate = [reply](auto handler) {
        using Handler = std::decay_t<decltype(handler)>;
        reply->set_waiter(std::make_unique<HandlerWaiter<Handler>>(std::move(handler)));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
        std::move(initiate), asio::use_awaitable);
}

}  // namespace warren::rabbitmq
