#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <list>
#include <memory>
#include <string>

#include "common/base/co.h"

namespace staffetta {

// The coroutines that nobody awaits, kept together: they can be cancelled and waited for, and an
// exception that leaves one is logged, not lost.
//
// Confined to the executor's thread. Must be empty when it is destroyed (await Wait()).
class TaskGroup {
 public:
  // `name` says in logs whose coroutine threw.
  TaskGroup(Executor executor, std::string name);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts a coroutine. `signal` cancels this one alone, for those who want that.
  void Spawn(Co<void> coroutine, std::shared_ptr<asio::cancellation_signal> signal =
                                     std::make_shared<asio::cancellation_signal>());

  // Asks all running coroutines to stop: what they await ends with operation_aborted, if it can be
  // cancelled at all.
  void Cancel();

  // Resumes when the group is empty.
  Co<void> Wait();

  size_t size() const { return running_.size(); }
  Executor executor() const { return executor_; }

 private:
  using Running = std::list<std::shared_ptr<asio::cancellation_signal>>;

  void Finished(Running::iterator running, std::exception_ptr exception);

  const Executor executor_;
  const std::string name_;
  Running running_;
  Timer emptied_;  // cancelled when the last one ends
};

}  // namespace staffetta
