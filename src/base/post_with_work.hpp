#pragma once
#include <boost/asio/execution.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <utility>

#include "base/task.hpp"

namespace warren {

/// Runs `f` on the executor that `work` tracks outstanding work of, and gives the work up there, not here:
/// the context may be gone as soon as `f` has run, and giving work up on another thread would then touch it.
template <class Tracked, class F>
void post_with_work(Tracked work, F f) {
    const auto executor = asio::prefer(work, asio::execution::outstanding_work.untracked);
    auto run = [work = std::move(work), f = std::move(f)]() mutable { std::move(f)(); };
    asio::post(executor, std::move(run));
}

}  // namespace warren
