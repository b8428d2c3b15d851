#pragma once
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "base/task.hpp"

namespace warren {

/// One value handed to one coroutine that waits for it. Set at most once, awaited at most once, in either
/// order; once set, a waiting coroutine no longer needs this object. Both ends are on one executor: not
/// thread-safe by itself.
template <class T>
class Oneshot {
public:
    void set(T value) {
        if (auto waiter = std::move(waiter_)) {
            waiter->resume(std::move(value));
        } else {
            value_ = std::move(value);
        }
    }

    Task<T> wait() {
        if (value_) co_return std::move(*value_);
        auto initiate = [this](auto handler) {
            waiter_ = std::make_unique<Holder<std::decay_t<decltype(handler)>>>(std::move(handler));
        };
        co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(initiate,
                                                                                        asio::use_awaitable);
    }

private:
    struct Waiter {
        virtual ~Waiter() = default;
        virtual void resume(T value) = 0;
    };
    template <class Handler>
    struct Holder final : Waiter {
        explicit Holder(Handler h) : handler(std::move(h)) {}
        void resume(T value) override {
            auto executor = asio::get_associated_executor(handler);
            auto run = [h = std::move(handler), v = std::move(value)]() mutable {
                std::move(h)(std::move(v));
            };
            asio::post(executor, std::move(run));
        }
        Handler handler;
    };

    std::optional<T> value_;
    std::unique_ptr<Waiter> waiter_;
};

}  // namespace warren
