#include "queue/scheduler.h"

#include <absl/time/clock.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "common/base/log.h"

namespace staffetta::queue {
namespace {

constexpr absl::Duration kLongestSleep = absl::Seconds(1);
constexpr std::chrono::milliseconds kDistance(2);
constexpr absl::Duration kAfterError = absl::Milliseconds(100);

}  // namespace

Scheduler::Scheduler(QueueStore* store, TaskGroup* group)
    : store_(store), group_(group), idle_(group->executor()), gather_(group->executor()) {}

Co<absl::StatusOr<QueueStore::LeaseResult>> Scheduler::Lease(int credits, absl::Duration wait) {
  if (stopping_) co_return absl::UnavailableError("the queue is shutting down");
  const auto waiter = std::make_shared<Waiter>(group_->executor(), credits);
  waiters_.push_back(waiter);
  if (!serving_) {
    serving_ = true;
    group_->Spawn(Serve());
  } else {
    Wake();
  }
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  const auto gone = [&cancellation] {
    return cancellation.cancelled() != asio::cancellation_type::none;
  };
  while (!waiter->done) {
    const bool over = stopping_ || gone() || std::chrono::steady_clock::now() >= deadline;
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
  if (gone() && waiter->result.ok()) {
    co_await HandBack(std::move(waiter->result->deliveries));
    co_return QueueStore::LeaseResult{};
  }
  co_return std::move(waiter->result);
}

void Scheduler::Wake() {
  woken_ = true;
  idle_.cancel();
}

void Scheduler::Stop() {
  stopping_ = true;
  for (const auto& waiter : waiters_) waiter->answered.cancel();
  gather_.cancel();
  Wake();
}

// Runs while anybody waits.
Co<void> Scheduler::Serve() {
  while (!stopping_ && !waiters_.empty()) {
    if (Timer::clock_type::now() < next_call_) {
      gather_.expires_at(next_call_);
      boost::system::error_code stopped;
      co_await gather_.async_wait(asio::redirect_error(use_co, stopped));
      continue;
    }
    next_call_ = Timer::clock_type::now() + kDistance;
    woken_ = false;
    const std::shared_ptr<Waiter> waiter = waiters_.front();
    waiter->being_served = true;
    auto result = co_await store_->Lease(waiter->credits);
    waiter->being_served = false;
    absl::Duration sleep;
    if (!result.ok()) {
      log::Warn("leasing failed: {}", result.status().ToString());
      sleep = kAfterError;
      woken_ = false;
    } else if (result->deliveries.empty()) {
      sleep = std::min(result->next_change - result->now, kLongestSleep);
    }
    if (!result.ok() || !result->deliveries.empty()) {
      waiter->result = std::move(result);
      waiter->done = true;
      waiters_.remove(waiter);
    }
    // Also when there was nothing: its time may have run out meanwhile.
    waiter->answered.cancel();
    if (sleep > absl::ZeroDuration() && !woken_ && !stopping_) {
      idle_.expires_after(absl::ToChronoNanoseconds(sleep));
      boost::system::error_code woken;
      co_await idle_.async_wait(asio::redirect_error(use_co, woken));
    }
  }
  serving_ = false;
}

Co<void> Scheduler::HandBack(std::vector<QueueStore::Leased> deliveries) {
  std::vector<StorableCompletion> completions;
  for (QueueStore::Leased& delivery : deliveries) {
    completions.push_back({.delivery_id = std::move(delivery.delivery_id),
                           .lease_id = std::move(delivery.lease_id),
                           .fate = Fate::kBack});
  }
  if (completions.empty()) co_return;
  const auto lost = co_await store_->Complete(std::move(completions));
  if (!lost.ok()) {
    log::Warn("handing back failed, the leases will run out: {}", lost.status().ToString());
  }
  Wake();
}

}  // namespace staffetta::queue
