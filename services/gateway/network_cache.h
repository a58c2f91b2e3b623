#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include <mutex>
#include <optional>
#include <string>

#include "gateway/backends.h"

namespace staffetta::gateway {

// What auth said about client addresses, also "nobody's", for a short time. Bounded; a mutex guards
// it. Thread-safe.
class NetworkCache {
 public:
  explicit NetworkCache(absl::Duration remember) : remember_(remember) {}

  std::optional<AuthAnswer> Find(const std::string& client_address, absl::Time now) const {
    const std::lock_guard lock(mutex_);
    const auto it = answers_.find(client_address);
    if (it == answers_.end() || it->second.until <= now) return std::nullopt;
    return it->second.answer;
  }

  void Put(const std::string& client_address, AuthAnswer answer, absl::Time now) {
    const std::lock_guard lock(mutex_);
    if (answers_.size() >= kMostAddresses) answers_.clear();
    answers_[client_address] = {std::move(answer), now + remember_};
  }

  void Clear() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
  }

 private:
  static constexpr size_t kMostAddresses = 10'000;

  struct Entry {
    AuthAnswer answer;
    absl::Time until;
  };

  const absl::Duration remember_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, Entry> answers_;
};

}  // namespace staffetta::gateway
