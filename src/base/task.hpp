#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string_view>

namespace warren {

namespace asio = boost::asio;

/// A coroutine on an Asio executor. It resumes on the executor that it was spawned on.
template <class T>
using Task = asio::awaitable<T>;

/// Runs `task` on `executor` by itself. An exception that escapes it is a broken invariant: it is logged with
/// `name` and ends that task only.
void spawn(asio::any_io_executor executor, std::string_view name, Task<void> task);

}  // namespace warren
