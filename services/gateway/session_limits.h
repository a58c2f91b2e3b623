#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace staffetta::gateway {

// Counts sessions in all and per client address (SPEC S6). A mutex guards it. Thread-safe; outlives
// its tickets.
class SessionLimits {
 public:
  SessionLimits(int in_all, int per_address) : in_all_(in_all), per_address_(per_address) {}

  enum class Answer { kAdmitted, kTooMany, kTooManyOfAddress };

  // A counted session; not counted any more when it goes.
  class Ticket {
   public:
    Ticket(SessionLimits* limits, std::string address)
        : limits_(limits), address_(std::move(address)) {}
    ~Ticket() { limits_->Leave(address_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    SessionLimits* const limits_;
    const std::string address_;
  };

  // `*ticket` is set when admitted.
  Answer Enter(const std::string& address, std::unique_ptr<Ticket>* ticket) {
    const std::lock_guard lock(mutex_);
    if (total_ >= in_all_) return Answer::kTooMany;
    int& of_address = by_address_[address];
    if (of_address >= per_address_) return Answer::kTooManyOfAddress;
    ++of_address;
    ++total_;
    *ticket = std::make_unique<Ticket>(this, address);
    return Answer::kAdmitted;
  }

  int total() const {
    const std::lock_guard lock(mutex_);
    return total_;
  }

 private:
  void Leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    --total_;
    const auto it = by_address_.find(address);
    if (--it->second == 0) by_address_.erase(it);
  }

  const int in_all_;
  const int per_address_;
  mutable std::mutex mutex_;
  int total_ = 0;
  absl::flat_hash_map<std::string, int> by_address_;
};

}  // namespace staffetta::gateway
