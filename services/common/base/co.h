#pragma once

// Coroutines, as this house uses them.
//
// One io_context per thread, and every object that suspends lives on exactly one of them: nothing
// here needs a lock. Executor is the concrete io_context executor (not any_io_executor), so that
// the compiler sees through every resume.
//
// Rules: parameters by value; no capturing-lambda coroutines; every coroutine that nobody awaits is
// spawned through a TaskGroup (common/base/task_group.h); a deadline on every await.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace staffetta {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T>
using Co = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_co;

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace staffetta
