#include "common/base/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "common/base/check.h"
#include "common/base/log.h"

namespace staffetta {

TaskGroup::TaskGroup(Executor executor, std::string name)
    : executor_(executor), name_(std::move(name)), emptied_(executor, Timer::time_point::max()) {}

TaskGroup::~TaskGroup() { CHECK(running_.empty()); }

void TaskGroup::Spawn(Co<void> coroutine, std::shared_ptr<asio::cancellation_signal> signal) {
  const auto running = running_.insert(running_.end(), std::move(signal));
  asio::co_spawn(executor_, std::move(coroutine),
                 asio::bind_cancellation_slot((*running)->slot(),
                                              [this, running](std::exception_ptr exception) {
                                                Finished(running, std::move(exception));
                                              }));
}

void TaskGroup::Cancel() {
  // A cancelled coroutine may end at once and leave the list; the next one is taken before.
  for (auto it = running_.begin(); it != running_.end();) {
    const auto current = *it++;
    current->emit(asio::cancellation_type::terminal);
  }
}

Co<void> TaskGroup::Wait() {
  while (!running_.empty()) {
    boost::system::error_code woken;
    co_await emptied_.async_wait(asio::redirect_error(use_co, woken));
  }
}

void TaskGroup::Finished(Running::iterator running, std::exception_ptr exception) {
  running_.erase(running);
  if (exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& e) {
      log::Error("coroutine of {} ended by an exception: {}", name_, e.what());
    }
  }
  if (running_.empty()) emptied_.cancel();
}

}  // namespace staffetta
