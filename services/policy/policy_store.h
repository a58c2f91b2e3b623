#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "common/redis/client.h"
#include "policy/rights.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::policy {

// Senders and users' rights in Redis; the only file of this service that speaks it. Each change is
// one atomic script. Confined to the client's executor. Errors are the client's; what a failed
// change left behind is then unknown. The keys are described in policy_store.cc.
class PolicyStore {
 public:
  // A domain whose proof is to be looked up again.
  struct Due {
    uint64_t account_id = 0;
    std::string domain;
  };
  struct DueList {
    std::vector<Due> due;
    absl::Duration next;  // until there is more; at most a minute
  };

  // What a look-up of a proof gave; kUnknown leaves the count of misses as it is.
  enum class Look { kFound, kMissed, kUnknown };

  // On which the number of each account that is changed is published.
  static const char kChanges[];

  explicit PolicyStore(redis::Client* client) : client_(client) {}

  // Can Redis be reached?
  Co<absl::Status> Check();

  // All of an account; empty when it has nothing.
  Co<absl::StatusOr<Rights>> Load(uint64_t account_id);

  // Adds those senders that the account does not have yet; the others stay as they are.
  Co<absl::Status> AddSenders(uint64_t account_id, std::vector<v1::Sender> senders);
  // The same, and sets the user's rights to exactly these senders, in one step.
  Co<absl::Status> SetUser(uint64_t account_id, std::string user, std::vector<v1::Sender> senders);
  // Puts `now` in the place of `old`. `recheck_in`: its proof is due again after it, nullopt:
  // never. Clears the misses. False: it was changed or removed meanwhile; nothing was changed.
  Co<absl::StatusOr<bool>> Replace(v1::Sender old, v1::Sender now,
                                   std::optional<absl::Duration> recheck_in);
  // Also from the rights of all users.
  Co<absl::Status> Remove(uint64_t account_id, std::string name);

  // At most `limit` domains whose time has come. They are due again after `claim`, should the
  // caller not get that far; no other replica is given them before.
  Co<absl::StatusOr<DueList>> TakeDue(absl::Duration claim, int limit);
  // Sets when it is due again, and counts consecutive misses; returns their number. Of a domain
  // that is not re-checked (any more) nothing is changed.
  Co<absl::StatusOr<int64_t>> Postpone(Due due, absl::Duration by, Look look);

 private:
  redis::Client* const client_;
};

}  // namespace staffetta::policy
