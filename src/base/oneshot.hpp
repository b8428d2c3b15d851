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

/// One value handed from one coroutine (or thread) to one that waits for it. Both ends are on one executor,
/// or the setter posts to it: not thread-safe by itself. Set at most once, awaited at most once, in either
/// order.
template <class T>
class Oneshot {
public:
    void set(T value) {
        value_ = std::move(value);
        if (auto waiter = std::move(waiter_)) waiter->resume();
    }
    bool is_set() const { return value_.has_value(); }

    Task<T> wait() {
        if (!value_) {
            auto initiate = [this](auto handler) {
                using Handler = std::decay_t<decltype(handler)>;
                waiter_ = std::make_unique<Holder<Handler>>(std::move(handler));
            };
            co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate,
                                                                                 asio::use_awaitable);
        }
        co_return std::move(*value_);
    }

private:
    struct Waiter {
        virtual ~Waiter() = default;
        virtual void resume() = 0;
    };
    template <class Handler>
    struct Holder : Waiter {
        explicit Holder(Handler h) : handler(std::move(h)) {}
        void resume() override {
            auto executor = asio::get_associated_executor(handler);
            asio::post(executor, std::move(handler));
        }
        Handler handler;
    };

    std::optional<T> value_;
    std::unique_ptr<Waiter> waiter_;
};

}  // namespace warren
