#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace staffetta::gateway {

// Bytes of content that all sessions together may hold. Thread-safe; outlives its reservations.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit) : limit_(limit) {}

  int64_t used() const { return used_.load(std::memory_order_relaxed); }

  // A share of the budget, given back when it goes.
  class Reservation {
   public:
    explicit Reservation(MemoryBudget* budget) : budget_(budget) {}
    ~Reservation() { Release(); }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    // Makes the share at least `bytes`; false: the budget has not that much left, and the share is
    // as before.
    [[nodiscard]] bool GrowTo(int64_t bytes) {
      if (bytes <= held_) return true;
      if (!budget_->Take(bytes - held_)) return false;
      held_ = bytes;
      return true;
    }
    void Release() { budget_->used_.fetch_sub(std::exchange(held_, 0), std::memory_order_relaxed); }

   private:
    MemoryBudget* const budget_;
    int64_t held_ = 0;
  };

 private:
  bool Take(int64_t bytes) {
    int64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }

  const int64_t limit_;
  std::atomic<int64_t> used_{0};
};

}  // namespace staffetta::gateway
