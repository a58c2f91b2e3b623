#include "queue/scheduler.h"

#include <absl/time/clock.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "common/base/log.h"

namespace staffetta::queue {
namespace {

constexpr absl::Duration kLongestSleep = absl::Seconds(1);
constexpr std::chrono::seconds kBetweenSweeps(1);
constexpr std::chrono::milliseconds kDistance(2);
// For each other partition: how long one is not looked at again without need.
constexpr std::chrono::milliseconds kFresh(5);
constexpr std::chrono::milliseconds kAfterError(100);
// For an answer, where other partitions may have something.
constexpr std::chrono::milliseconds kPatience(200);
constexpr int kNoClass = 6;
// Deliveries that one script leases: more would keep Redis from urgent mail.
constexpr int kMostPerCall = 64;

}  // namespace

Scheduler::Scheduler(std::vector<QueueStore*> partitions, TaskGroup* group)
    : group_(group), idle_(group->executor()) {
  for (QueueStore* store : partitions) Add(store);
}

void Scheduler::Add(QueueStore* partition) {
  partitions_.push_back({.store = partition});
  idle_.cancel();
}

Co<absl::StatusOr<QueueStore::LeaseResult>> Scheduler::Lease(QueueStore::Want want,
                                                             absl::Duration wait) {
  if (stopping_) co_return absl::UnavailableError("the queue is shutting down");
  const auto waiter = std::make_shared<Waiter>(group_->executor(), std::move(want));
  waiters_.push_back(waiter);
  idle_.cancel();
  if (!serving_) {
    serving_ = true;
    group_->Spawn(Serve());
  }
  const auto deadline = Clock::now() + absl::ToChronoNanoseconds(wait);
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  const auto gone = [&cancellation] {
    return cancellation.cancelled() != asio::cancellation_type::none;
  };
  while (!waiter->done) {
    const bool over = stopping_ || gone() || Clock::now() >= deadline;
    // While Redis is asked for this worker, what it gives must not get lost.
    if (over && !waiter->being_served) break;
    waiter->answered.expires_at(waiter->being_served ? Timer::time_point::max() : deadline);
    boost::system::error_code woken;
    co_await waiter->answered.async_wait(asio::redirect_error(use_co, woken));
  }
  if (!waiter->done) {
    waiters_.remove(waiter);
    co_return QueueStore::LeaseResult{};
  }
  co_return std::move(waiter->result);
}

Co<absl::Status> Scheduler::Enqueue(size_t partition, std::vector<StorableMessage> messages) {
  Partition& here = partitions_[partition];
  const bool urgent =
      std::any_of(messages.begin(), messages.end(),
                  [](const StorableMessage& message) { return message.message_class == 1; });
  WaiterPtr waiter = urgent ? FreeWaiter(Takes::kUrgent) : nullptr;
  // With a backlog the lease calls do for the rest: the submitter should not wait for what others
  // are handed. So they do in busy times, when one of them takes what several enqueues brought.
  const bool quiet = here.highest == 0 && Clock::now() >= next_call_;
  if (!waiter && quiet) waiter = FreeWaiter(Takes::kAny);
  std::optional<QueueStore::Want> want;
  if (waiter) {
    waiter->being_served = true;
    want = waiter->want;
    want->lowest_class = LowestClassFor(partition);
    next_call_ = Clock::now() + kDistance;
  }
  auto result = co_await here.store->Enqueue(std::move(messages), std::move(want));
  const absl::Status status = result.status();
  if (result.ok()) {
    Learn(&here, result->outlook);
    if (here.highest > 0) idle_.cancel();
  }
  // Not stored, as far as is known: the worker goes on waiting.
  if (!result.ok()) result = QueueStore::LeaseResult{};
  if (waiter) Settle(waiter, std::move(result));
  co_return status;
}

void Scheduler::Wake(size_t partition) {
  partitions_[partition].woken = true;
  partitions_[partition].asked = {};
  idle_.cancel();
}

void Scheduler::WakeAll() {
  for (size_t i = 0; i < partitions_.size(); ++i) Wake(i);
}

void Scheduler::Hear(size_t partition, QueueStore::Outlook outlook) {
  Partition& here = partitions_[partition];
  // It may be older than what we know: what is better counts, the rest is seen when it is asked.
  here.highest = HigherClass(here.highest, outlook.highest_waiting_class);
  here.look = std::min(here.look, LookAfter(outlook));
  idle_.cancel();
}

int Scheduler::HighestWaiting() const {
  int highest = 0;
  for (const Partition& each : partitions_) highest = HigherClass(highest, each.highest);
  return highest;
}

void Scheduler::Stop() {
  stopping_ = true;
  for (const WaiterPtr& waiter : waiters_) waiter->answered.cancel();
  idle_.cancel();
}

// Runs while anybody waits.
Co<void> Scheduler::Serve() {
  while (!stopping_ && !waiters_.empty()) {
    AskSilentOnes();
    const WaiterPtr waiter = NextWaiter();
    const std::optional<size_t> partition = waiter ? BestFor(*waiter) : std::nullopt;
    if (!partition) {
      Clock::time_point look = Clock::now() + absl::ToChronoNanoseconds(kLongestSleep);
      for (const Partition& each : partitions_) {
        if (!each.asking) look = std::min(look, each.look);
      }
      co_await SleepUntil(std::max(look, Clock::now() + kDistance));
    } else if (Clock::now() < next_call_) {
      co_await SleepUntil(next_call_);
    } else {
      next_call_ = Clock::now() + kDistance;
      Ask(*partition, waiter);
      co_await AwaitAnswer(*partition);
    }
  }
  serving_ = false;
}

Co<void> Scheduler::AwaitAnswer(size_t partition) {
  Partition& here = partitions_[partition];
  const auto end = Clock::now() + kPatience;
  while (here.asking && Clock::now() < end) co_await SleepUntil(end);
  here.silent = here.silent || here.asking;
}

void Scheduler::AskSilentOnes() {
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const Partition& each = partitions_[i];
    if (each.silent && !each.asking && each.look <= Clock::now()) Ask(i, nullptr);
  }
}

void Scheduler::Ask(size_t partition, const WaiterPtr& waiter) {
  Partition& here = partitions_[partition];
  here.asking = true;
  here.woken = false;
  here.asked = Clock::now();
  const bool sweep = Clock::now() >= here.sweep;
  if (sweep) here.sweep = Clock::now() + kBetweenSweeps;
  QueueStore::Want want;
  if (waiter) {
    waiter->being_served = true;
    want = waiter->want;
    want.lowest_class = LowestClassFor(partition);
    want.credits = std::min(want.credits, kMostPerCall);
  }
  group_->Spawn(Take(partition, waiter, here.store->Lease(std::move(want), sweep)));
}

Co<void> Scheduler::Take(size_t partition, WaiterPtr waiter,
                         Co<absl::StatusOr<QueueStore::LeaseResult>> answer) {
  auto result = co_await std::move(answer);
  Partition& here = partitions_[partition];
  here.asking = false;
  here.silent = !result.ok();
  if (result.ok()) {
    Learn(&here, result->outlook);
  } else {
    log::Warn("leasing failed: {}", result.status().ToString());
    here.highest = 0;
    here.look = Clock::now() + kAfterError;
  }
  if (waiter) Settle(waiter, std::move(result));
  idle_.cancel();
}

Co<void> Scheduler::SleepUntil(Clock::time_point time) {
  idle_.expires_at(time);
  boost::system::error_code woken;
  co_await idle_.async_wait(asio::redirect_error(use_co, woken));
}

Scheduler::WaiterPtr Scheduler::FreeWaiter(Takes takes) const {
  const auto found =
      std::find_if(waiters_.begin(), waiters_.end(), [takes](const WaiterPtr& waiter) {
        const Takes its = waiter->want.credits > 0 ? Takes::kAny : Takes::kUrgent;
        return !waiter->being_served && its == takes;
      });
  return found == waiters_.end() ? nullptr : *found;
}

Scheduler::WaiterPtr Scheduler::NextWaiter() const {
  WaiterPtr urgent = FreeWaiter(Takes::kUrgent);
  if (urgent && HighestWaiting() == 1) return urgent;
  WaiterPtr any = FreeWaiter(Takes::kAny);
  return any ? any : urgent;
}

int Scheduler::HighestIn(const Partition& partition) const {
  if (partition.silent) return kNoClass;
  const auto now = Clock::now();
  // Where something always becomes due, the others must have their turns all the same.
  const bool fresh = now - partition.asked < kFresh * (partitions_.size() - 1);
  if (!fresh && (partition.woken || partition.look <= now)) return 1;
  return partition.highest == 0 ? kNoClass : partition.highest;
}

std::optional<size_t> Scheduler::BestFor(const Waiter& waiter) const {
  const int lowest = waiter.want.credits > 0 ? kNoClass - 1 : 1;
  std::optional<size_t> best;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    if (HighestIn(partitions_[i]) > lowest) continue;
    const auto rank = [this](size_t at) {
      return std::make_pair(HighestIn(partitions_[at]), partitions_[at].asked);
    };
    if (!best || rank(i) < rank(*best)) best = i;
  }
  return best;
}

int Scheduler::LowestClassFor(size_t partition) const {
  int lowest = kNoClass - 1;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    if (i != partition) lowest = std::min(lowest, HighestIn(partitions_[i]));
  }
  return lowest;
}

void Scheduler::Learn(Partition* partition, const QueueStore::Outlook& outlook) {
  partition->highest = outlook.highest_waiting_class;
  partition->look = LookAfter(outlook);
}

Scheduler::Clock::time_point Scheduler::LookAfter(const QueueStore::Outlook& outlook) {
  return Clock::now() + absl::ToChronoNanoseconds(std::min(outlook.until_change, kLongestSleep));
}

void Scheduler::Settle(const WaiterPtr& waiter, absl::StatusOr<QueueStore::LeaseResult> result) {
  waiter->being_served = false;
  if (!result.ok() || !result->deliveries.empty()) {
    waiter->result = std::move(result);
    waiter->done = true;
    waiters_.remove(waiter);
  }
  // Also when there was nothing: its time may have run out meanwhile.
  waiter->answered.cancel();
}

}  // namespace staffetta::queue
