#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "common/base/co.h"
#include "delivery/byte_bucket.h"

namespace staffetta::delivery {

// The bandwidth for content of this process: whoever writes some takes its bytes here first, and
// waits while a higher class does (SPEC P3, D12; byte_bucket.h). Thread-safe: workers on several
// threads share one, and each waits on its own thread.
class Egress {
 public:
  // At least ByteBucket::kLeastRate.
  explicit Egress(int64_t bytes_per_second);

  // The most that is taken at once.
  size_t slice() const { return bucket_.slice(); }

  enum class Taken {
    kYes,
    kCancelled,  // the coroutine was, while it waited
  };
  // Resumes, on the caller's thread, when so many bytes of that class may be written. There is no
  // deadline: how long it takes depends on the higher classes alone.
  Co<Taken> Take(int message_class, size_t bytes);

 private:
  using Ticket = ByteBucket::Ticket;
  struct Waiter;
  using Waiters = std::unordered_map<Ticket, std::shared_ptr<Waiter>>;

  void Enter(int message_class, size_t bytes, const std::shared_ptr<Waiter>& waiter);
  // Grants what has come. Whether the waiter's bytes are among it; else it sleeps until its timer
  // is cancelled, or until its turn.
  bool Look(const std::shared_ptr<Waiter>& waiter);
  // Its coroutine is cancelled.
  void Leave(const std::shared_ptr<Waiter>& waiter);
  // With mutex_ held.
  void GrantAndRouse(const Waiter* caller);

  std::mutex mutex_;   // guards all below
  ByteBucket bucket_;  // slice() never changes
  Waiters waiters_;
  Ticket next_ = 0;  // who knows that it has the next turn, and sleeps until then
};

}  // namespace staffetta::delivery
