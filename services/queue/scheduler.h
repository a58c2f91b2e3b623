#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <list>
#include <memory>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "queue/queue_store.h"

namespace staffetta::queue {

// Gives deliveries to waiting workers: the long poll behind Lease. Confined to the group's thread.
//
// One lease call to Redis at a time, for the worker that has waited longest. When there is nothing,
// it sleeps until something is enqueued, completed or due; never longer than a second, in case a
// wake-up of another replica was lost.
class Scheduler {
 public:
  Scheduler(QueueStore* store, TaskGroup* group);

  // The best deliveries; none when `wait` is over or the caller went away. What was leased for a
  // caller that went away meanwhile is handed back.
  Co<absl::StatusOr<QueueStore::LeaseResult>> Lease(int credits, absl::Duration wait);

  // Something may have become ready.
  void Wake();

  // Ends the loop and every wait.
  void Stop();

 private:
  struct Waiter {
    Waiter(Executor executor, int wanted) : credits(wanted), answered(executor) {}
    const int credits;
    bool being_served = false;
    bool done = false;
    absl::StatusOr<QueueStore::LeaseResult> result = QueueStore::LeaseResult{};
    Timer answered;  // cancelled when done
  };

  Co<void> Serve();
  Co<void> HandBack(std::vector<QueueStore::Leased> deliveries);

  QueueStore* const store_;
  TaskGroup* const group_;
  std::list<std::shared_ptr<Waiter>> waiters_;
  Timer idle_;  // what Serve sleeps on
  Timer gather_;
  Timer::time_point next_call_;  // not before
  bool serving_ = false;
  bool woken_ = false;
  bool stopping_ = false;
};

}  // namespace staffetta::queue
