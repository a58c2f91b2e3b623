#include "delivery/egress.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "delivery/figures.h"

namespace staffetta::delivery {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

// Who has the next turn looks when it comes; the others sleep until they are told. So nobody polls,
// and no thread has to be awake for another's sake.
struct Egress::Waiter {
  explicit Waiter(Executor e) : executor(e), timer(e) {}
  const Executor executor;
  Timer timer;  // of its own thread
  // Guarded by the mutex:
  Ticket ticket = 0;
  bool granted = false;
};

Egress::Egress(int64_t bytes_per_second) : bucket_(bytes_per_second, Clock::now()) {}

Co<Egress::Taken> Egress::Take(int message_class, size_t bytes) {
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
  Enter(message_class, bytes, waiter);
  if (Look(waiter)) co_return Taken::kYes;
  metrics::Gauge& waiting = TheFigures().waiting_for_bandwidth[message_class];
  waiting.Increment();
  Taken taken = Taken::kYes;
  do {
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      Leave(waiter);
      taken = Taken::kCancelled;
      break;
    }
    boost::system::error_code woken;
    co_await waiter->timer.async_wait(asio::redirect_error(use_co, woken));
  } while (!Look(waiter));
  waiting.Decrement();
  co_return taken;
}

void Egress::Enter(int message_class, size_t bytes, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  waiter->ticket = bucket_.Ask(message_class, bytes);
  waiters_.emplace(waiter->ticket, waiter);
}

bool Egress::Look(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  GrantAndRouse(waiter.get());
  if (waiter->granted) return true;
  const std::optional<ByteBucket::Turn> next = bucket_.Next();
  waiter->timer.expires_at(next->ticket == waiter->ticket ? next->at : Clock::time_point::max());
  return false;
}

void Egress::Leave(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  bucket_.Withdraw(waiter->ticket);
  waiters_.erase(waiter->ticket);
  GrantAndRouse(waiter.get());
}

void Egress::GrantAndRouse(const Waiter* caller) {
  const auto rouse = [caller](const std::shared_ptr<Waiter>& waiter) {
    if (waiter.get() == caller) return;
    asio::post(waiter->executor, [waiter] { waiter->timer.cancel(); });
  };
  for (const Ticket ticket : bucket_.Grant(Clock::now())) {
    const auto found = waiters_.find(ticket);
    found->second->granted = true;
    rouse(found->second);
    waiters_.erase(found);
  }
  const std::optional<ByteBucket::Turn> next = bucket_.Next();
  if (!next || next->ticket == next_) return;
  next_ = next->ticket;
  rouse(waiters_.at(next_));
}

}  // namespace staffetta::delivery
