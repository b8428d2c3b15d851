#pragma once
#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <utility>

#include "base/error.hpp"

namespace warren {

/// Found by Boost when `value()` is called on a failed result: a broken invariant, thrown as
/// std::logic_error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// The value of a call, or the Error that it ended in.
template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace warren

#define WARREN_CONCAT_(a, b) a##b
#define WARREN_CONCAT(a, b) WARREN_CONCAT_(a, b)
#define WARREN_TRY_IMPL_(tmp, name, expr, ret)       \
    auto tmp = (expr);                               \
    if (tmp.has_error()) ret std::move(tmp).error(); \
    auto name = std::move(*tmp)
#define WARREN_TRY_VOID_IMPL_(tmp, expr, ret) \
    if (auto tmp = (expr); tmp.has_error()) ret std::move(tmp).error()

/// `WARREN_TRY(x, f())`: `x` is the value of `f()`, or its error is returned. In coroutines: WARREN_CO_TRY.
/// `expr` may be a `co_await` of a named awaitable.
#define WARREN_TRY(name, expr) WARREN_TRY_IMPL_(WARREN_CONCAT(try_, __LINE__), name, expr, return)
#define WARREN_CO_TRY(name, expr) WARREN_TRY_IMPL_(WARREN_CONCAT(try_, __LINE__), name, expr, co_return)
#define WARREN_TRY_VOID(expr) WARREN_TRY_VOID_IMPL_(WARREN_CONCAT(try_, __LINE__), expr, return)
#define WARREN_CO_TRY_VOID(expr) WARREN_TRY_VOID_IMPL_(WARREN_CONCAT(try_, __LINE__), expr, co_return)
