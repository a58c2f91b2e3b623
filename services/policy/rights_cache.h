#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <memory>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/redis/subscriber.h"
#include "policy/policy_store.h"

namespace staffetta::policy {

// Accounts' rights in memory, for the check of every message. An entry is dropped when its account
// is changed on any replica, and after 30 s anyway. While changes do not arrive nothing is kept.
// Confined to the executor.
class RightsCache {
 public:
  RightsCache(PolicyStore* store, const Clock* clock) : store_(store), clock_(clock) {}

  // Listens at once.
  void Listen(Executor executor, redis::Deployment deployment);
  void Close();

  Co<absl::StatusOr<std::shared_ptr<const Rights>>> Get(uint64_t account_id);
  // For what this replica changed itself.
  void Drop(uint64_t account_id);

 private:
  struct Entry {
    std::shared_ptr<const Rights> rights;
    absl::Time until;
  };

  void DropAll(bool live);

  PolicyStore* const store_;
  const Clock* const clock_;
  std::unordered_map<uint64_t, Entry> entries_;
  bool live_ = false;
  uint64_t generation_ = 0;  // grows with each change heard of
  std::unique_ptr<redis::Subscriber> subscriber_;
};

}  // namespace staffetta::policy
