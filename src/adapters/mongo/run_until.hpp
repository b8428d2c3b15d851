#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/deadline.hpp"
#include "base/offload.hpp"
#include "base/oneshot.hpp"

namespace warren::adapters::mongo {

/// The first of a call's answer and its deadline. On one executor, as Oneshot is.
template <class R>
class AnswerOrDeadline : public std::enable_shared_from_this<AnswerOrDeadline<R>> {
public:
    AnswerOrDeadline(const asio::any_io_executor& executor, Deadline deadline)
        : timer_(executor, deadline.at) {}

    void offer(R answer) {
        if (!std::exchange(offered_, true)) answer_.set(std::move(answer));
    }
    Task<R> wait() {
        auto give_up = [self = this->shared_from_this()](boost::system::error_code stopped) {
            if (!stopped) self->offer(R(Error(Errc::timed_out)));
        };
        timer_.async_wait(std::move(give_up));
        auto answered = answer_.wait();
        auto answer = co_await std::move(answered);
        timer_.cancel();
        co_return answer;
    }

private:
    asio::steady_timer timer_;
    Oneshot<R> answer_;
    bool offered_ = false;
};

template <class R, class F>
Task<void> answer_on(Offload& threads, std::shared_ptr<AnswerOrDeadline<R>> to, F f) {
    auto working = threads.run(std::move(f));
    to->offer(co_await std::move(working));
}

/// Runs `f` on one of `threads` and resumes with its result, or with `timed_out` when the deadline passes
/// first: a server that hangs holds a thread, but not the caller. `f` then runs on unheard, so it owns what
/// it uses or uses what outlives `threads`.
/// @errors timed_out, overloaded, and whatever `f` returns
template <class F>
Task<std::invoke_result_t<F&>> run_until(Offload& threads, Deadline deadline, F f) {
    using R = std::invoke_result_t<F&>;
    const auto executor = co_await asio::this_coro::executor;
    auto first = std::make_shared<AnswerOrDeadline<R>>(executor, deadline);
    auto answering = answer_on<R, F>(threads, first, std::move(f));
    asio::co_spawn(executor, std::move(answering), asio::detached);
    auto waiting = first->wait();
    co_return co_await std::move(waiting);
}

}  // namespace warren::adapters::mongo
