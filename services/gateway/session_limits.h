#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>

namespace staffetta::gateway {

// Counts sessions in all, per client address and per user (SPEC S6). A mutex guards it.
// Thread-safe; outlives its places.
class SessionLimits {
 public:
  struct Most {
    int in_all = 0;
    int per_address = 0;
    int per_user = 0;
  };

  explicit SessionLimits(Most most) : most_(most) {}

  // What one session counts for; given back when it goes. Used by one thread at a time.
  class Place {
   public:
    explicit Place(SessionLimits* limits) : limits_(*limits) {}
    ~Place() { limits_.Leave(*this); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // Counts it for this one instead of the one before; "" is nobody. False: there are too many
    // already, and it counts as before.
    [[nodiscard]] bool SetAddress(const std::string& address) {
      return limits_.Move(&limits_.by_address_, limits_.most_.per_address, address, &address_);
    }
    // `cap`: the user's own, 0: none.
    [[nodiscard]] bool SetUser(const std::string& user, int cap = 0) {
      const int most = limits_.most_.per_user;
      return limits_.Move(&limits_.by_user_, cap > 0 ? std::min(cap, most) : most, user, &user_);
    }

   private:
    friend class SessionLimits;
    SessionLimits& limits_;
    std::string address_;
    std::string user_;
  };

  // null: there are too many in all.
  std::unique_ptr<Place> Enter() {
    const std::lock_guard lock(mutex_);
    if (total_ >= most_.in_all) return nullptr;
    ++total_;
    return std::make_unique<Place>(this);
  }

  const Most& most() const { return most_; }
  int total() const {
    const std::lock_guard lock(mutex_);
    return total_;
  }

 private:
  using Counts = absl::flat_hash_map<std::string, int>;

  bool Move(Counts* counts, int most, const std::string& to, std::string* from) {
    const std::lock_guard lock(mutex_);
    if (to == *from) return true;
    if (!to.empty()) {
      int& count = (*counts)[to];
      if (count >= most) return false;
      ++count;
    }
    Remove(counts, *from);
    *from = to;
    return true;
  }

  void Leave(const Place& place) {
    const std::lock_guard lock(mutex_);
    --total_;
    Remove(&by_address_, place.address_);
    Remove(&by_user_, place.user_);
  }

  static void Remove(Counts* counts, const std::string& key) {
    if (key.empty()) return;
    const auto it = counts->find(key);
    if (--it->second == 0) counts->erase(it);
  }

  const Most most_;
  mutable std::mutex mutex_;
  int total_ = 0;
  Counts by_address_;
  Counts by_user_;
};

}  // namespace staffetta::gateway
