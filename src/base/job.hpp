#pragma once
#include <memory>
#include <type_traits>
#include <utility>

namespace warren {

/// A `void()` callable that is only moved; what threads hand to each other. (std::move_only_function is
/// C++23.)
class Job {
public:
    template <class F>
        requires(!std::is_same_v<std::decay_t<F>, Job>)
    Job(F&& f) : call_(std::make_unique<Of<std::decay_t<F>>>(std::forward<F>(f))) {}

    void operator()() { call_->run(); }

private:
    struct Base {
        virtual ~Base() = default;
        virtual void run() = 0;
    };
    template <class F>
    struct Of : Base {
        explicit Of(F&& f) : f_(std::move(f)) {}
        explicit Of(const F& f) : f_(f) {}
        void run() override { f_(); }
        F f_;
    };
    std::unique_ptr<Base> call_;
};

}  // namespace warren
