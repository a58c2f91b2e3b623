#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace staffetta::gateway {

// Whose rights have changed, as far as it was told. Each change has a number. A mutex guards what
// is written seldom and read only after a change; the number alone is read all the time.
// Thread-safe.
class UserLedger {
 public:
  // The number of the latest change.
  uint64_t count() const { return count_.load(std::memory_order_acquire); }

  void Changed(const std::string& user) {
    const std::lock_guard lock(mutex_);
    const uint64_t number = count() + 1;
    if (changes_.size() >= kMostUsers) {
      changes_.clear();
      gap_ = number;
    }
    changes_[user] = number;
    count_.store(number, std::memory_order_release);
  }

  // Changes may have been missed: everybody's.
  void Missed() {
    const std::lock_guard lock(mutex_);
    gap_ = count() + 1;
    changes_.clear();
    count_.store(gap_, std::memory_order_release);
  }

  // Whether the user's rights may have changed after that number.
  bool MayHaveChanged(const std::string& user, uint64_t since) const {
    const std::lock_guard lock(mutex_);
    if (gap_ > since) return true;
    const auto it = changes_.find(user);
    return it != changes_.end() && it->second > since;
  }

 private:
  static constexpr size_t kMostUsers = 100'000;

  std::atomic<uint64_t> count_{0};
  mutable std::mutex mutex_;
  uint64_t gap_ = 0;
  absl::flat_hash_map<std::string, uint64_t> changes_;
};

}  // namespace staffetta::gateway
