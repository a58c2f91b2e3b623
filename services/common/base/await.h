#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "common/base/co.h"

namespace staffetta {

// For tests: runs `context` until `coroutine` has ended; gives its result.
template <class T>
T Await(asio::io_context& context, Co<T> coroutine) {
  std::optional<T> result;
  asio::co_spawn(context.get_executor(), std::move(coroutine),
                 [&result](std::exception_ptr error, T value) {
                   if (error) std::rethrow_exception(error);
                   result = std::move(value);
                 });
  context.restart();
  while (!result.has_value() && context.run_one() > 0) {
  }
  return *std::move(result);
}

}  // namespace staffetta
