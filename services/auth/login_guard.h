#pragma once

#include <absl/time/time.h>

#include <string>
#include <vector>

#include "auth/login_store.h"
#include "common/base/network.h"
#include "common/rpc/event_publisher.h"

namespace staffetta::auth {

// Slows guessing of passwords (SPEC S3), for all replicas together. Failed logins are counted by
// source and by user, and forgotten one after the other. Beyond a few, answers are delayed, right
// ones and wrong ones alike; beyond many, nothing is looked at. A user from a source from which it
// has logged in of late is counted apart: whatever others do, it is neither delayed nor refused
// there, and its own failures only delay their own answers. A name that nobody has is treated like
// every other. Confined to the executor.
class LoginGuard {
 public:
  struct Options {
    int free_failures = 5;
    absl::Duration forget_failure = absl::Minutes(1);
    absl::Duration longest_delay = absl::Seconds(5);
    int max_failures_per_source = 100;
    int max_failures_per_user = 50;
    absl::Duration remember_usual = absl::Hours(30 * 24);
    std::vector<Network> exempt;
  };
  // One login, from the look at its past to its end.
  struct Attempt {
    Login login;
    bool exempt = false;
    bool refused = false;  // nothing may be looked at
    absl::Duration delay;  // of the answer
    absl::Duration usual;  // how long yet the source is usual; 0: it is not
  };

  LoginGuard(LoginStore* store, rpc::EventPublisher* events, Options options)
      : store_(*store), events_(*events), options_(std::move(options)) {}

  Attempt Begin(Login login, const std::string& client_address, const LoginStore::Past& past) const;
  // The credentials were wrong. `account_id`: of the user, 0 when there is none.
  Co<void> Failed(Attempt* attempt, uint64_t account_id);
  // They were right.
  Co<void> Succeeded(Attempt* attempt);

 private:
  int FailuresIn(absl::Duration time_left) const;
  absl::Duration DelayAfter(int failures) const;
  void Tell(const Attempt& attempt, uint64_t account_id, const std::string& who, int failures);

  LoginStore& store_;
  rpc::EventPublisher& events_;
  const Options options_;
};

}  // namespace staffetta::auth
