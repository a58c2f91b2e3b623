#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "queue/queue_store.h"

namespace staffetta::queue {

// The higher of two classes; 0: none.
inline int HigherClass(int one, int other) {
  return one == 0 || (other > 0 && other < one) ? other : one;
}

// Gives deliveries to waiting workers: the long poll behind Lease. Confined to the group's thread.
//
// What is enqueued in a quiet time while a worker waits goes to it in the step that stores it, and
// so does class 1, at any time, to a worker that keeps room for it alone.
// Everything else is leased by one call to Redis at a time, for the worker that has waited
// longest (class 1: for one that keeps room for it), from the partition with the highest class: no
// lower class is handed out as long as another partition is known to have a higher one (SPEC P3).
// What the other replicas change they say at once; what may have become ready by itself in another
// partition counts as class 1 until that one was asked, though not twice in some milliseconds. When
// there is nothing, it sleeps until something is enqueued, completed or due; never longer than a
// second, in case a wake-up of another replica was lost. A partition that is silent keeps the
// others waiting only until that is noticed; then it is asked beside them until it answers.
class Scheduler {
 public:
  Scheduler(std::vector<QueueStore*> partitions, TaskGroup* group);

  // The best deliveries; none when `wait` is over or the caller went away.
  // One that goes away while Redis is asked for it gets them all the same: hand them back.
  // `want.lowest_class` is set here.
  Co<absl::StatusOr<QueueStore::LeaseResult>> Lease(QueueStore::Want want, absl::Duration wait);

  // Stores messages of one partition; see QueueStore::Enqueue.
  Co<absl::Status> Enqueue(size_t partition, std::vector<StorableMessage> messages);

  // From now on it serves this one, too: as the last in order.
  void Add(QueueStore* partition);

  // Something may have become ready.
  void Wake(size_t partition);
  void WakeAll();
  // Something has changed, here or in another replica, to this or to better.
  void Hear(size_t partition, QueueStore::Outlook outlook);

  // The highest class that waits there, or anywhere, as far as is known; 0: none.
  int HighestWaiting(size_t partition) const { return partitions_[partition].highest; }
  int HighestWaiting() const;

  // Ends the loop and every wait.
  void Stop();

 private:
  using Clock = Timer::clock_type;

  struct Partition {
    QueueStore* store;
    bool woken = true;        // what we know may be out of date
    bool asking = false;      // an answer is awaited
    bool silent = false;      // the last one did not come, or does not come soon
    int highest = 0;          // the highest class that waits, as far as we know; 0: none
    Clock::time_point look;   // something changes by itself
    Clock::time_point sweep;  // when to look for what has expired
    Clock::time_point asked;  // when it was looked at last
  };
  struct Waiter {
    Waiter(Executor executor, QueueStore::Want w) : want(std::move(w)), answered(executor) {}
    const QueueStore::Want want;
    bool being_served = false;
    bool done = false;
    absl::StatusOr<QueueStore::LeaseResult> result = QueueStore::LeaseResult{};
    Timer answered;  // cancelled when done
  };
  using WaiterPtr = std::shared_ptr<Waiter>;

  Co<void> Serve();
  // Null: for nobody, to see whether it answers.
  void Ask(size_t partition, const WaiterPtr& waiter);
  Co<void> Take(size_t partition, WaiterPtr waiter,
                Co<absl::StatusOr<QueueStore::LeaseResult>> answer);
  Co<void> AwaitAnswer(size_t partition);
  void AskSilentOnes();
  Co<void> SleepUntil(Clock::time_point time);
  // The first that nobody serves and that takes any class, or class 1 alone; null: there is none.
  enum class Takes { kAny, kUrgent };
  WaiterPtr FreeWaiter(Takes takes) const;
  // Who is served next: class 1 goes to who has room for it alone, as long as there is one.
  WaiterPtr NextWaiter() const;
  // The class that may wait there: 1 when we don't know; 6: none.
  int HighestIn(const Partition& partition) const;
  std::optional<size_t> BestFor(const Waiter& waiter) const;
  int LowestClassFor(size_t partition) const;
  static Clock::time_point LookAfter(const QueueStore::Outlook& outlook);
  void Learn(Partition* partition, const QueueStore::Outlook& outlook);
  void Settle(const WaiterPtr& waiter, absl::StatusOr<QueueStore::LeaseResult> result);

  TaskGroup* const group_;
  std::deque<Partition> partitions_;  // they stay where they are
  std::list<WaiterPtr> waiters_;
  Timer idle_;                   // what Serve sleeps on
  Clock::time_point next_call_;  // not before
  bool serving_ = false;
  bool stopping_ = false;
};

}  // namespace staffetta::queue
