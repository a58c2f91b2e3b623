#pragma once

#include <absl/status/status.h>

#include "common/base/clock.h"
#include "common/net/resolver.h"
#include "policy/dependent_users.h"
#include "policy/policy_events.h"
#include "policy/policy_store.h"
#include "policy/rights_cache.h"

namespace staffetta::policy {

// Looks up the proofs of domains again, each when it is due (SPEC V2): the third consecutive miss
// expires it. A DNS that does not answer is no miss. Replicas share the work; a killed one's part
// is taken over. Confined to the executor.
class Recheck {
 public:
  struct Options {
    absl::Duration every;
    const Clock* clock;
  };

  Recheck(Executor executor, PolicyStore* store, RightsCache* cache, net::Resolver* resolver,
          DependentUsers* users, rpc::EventPublisher* events, Options options);

  // Until Stop; to be spawned.
  Co<void> Run();
  void Stop();

 private:
  Co<void> LookAt(PolicyStore::Due due);
  Co<absl::Status> Expire(Rights rights, v1::Sender sender, std::string detail);
  Co<void> Pause(absl::Duration length);

  PolicyStore* const store_;
  RightsCache* const cache_;
  net::Resolver* const resolver_;
  DependentUsers* const users_;
  rpc::EventPublisher* const events_;
  const Options options_;
  bool stopping_ = false;
  Timer pause_;
};

}  // namespace staffetta::policy
