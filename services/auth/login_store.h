#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "common/redis/client.h"

namespace staffetta::auth {

// Who says from where that he is whom.
struct Login {
  std::string user;    // as the client says it; empty: a bad token was shown, and no name
  std::string source;  // the address, or for IPv6 its network: see SourceOf
};

// What came of logins before, kept in Redis for all replicas. A count of failures is the time until
// all are forgotten, which goes by itself: each failure adds the time that one is remembered. The
// keys are described in login_store.cc. Confined to the client's executor.
class LoginStore {
 public:
  struct Past {
    absl::Duration source_failures;  // from there, whatever the user
    absl::Duration user_failures;    // of the user, from where it does not usually log in
    absl::Duration usual;            // how long yet it counts as having logged in from there; 0: no
  };
  // One failure to count.
  struct Failure {
    absl::Duration counts;       // for so long
    absl::Duration most_source;  // no count grows beyond these
    absl::Duration most_user;
  };

  explicit LoginStore(redis::Client* client) : client_(*client) {}

  // To be sent along with a read of the user, and what they answer.
  static std::vector<redis::Command> PastCommands(const Login& login);
  static absl::StatusOr<Past> ReadPast(const std::vector<redis::Value>& replies);

  // Counts it, and gives the counts from then on.
  Co<absl::StatusOr<Past>> AddFailure(Login login, Failure failure);
  // The same for a user from where it usually logs in, which counts for nobody else; its count.
  Co<absl::StatusOr<absl::Duration>> AddUsualFailure(Login login, Failure failure);
  // It has logged in from there.
  Co<absl::Status> SetUsual(Login login, absl::Duration remember);

 private:
  redis::Client& client_;
};

// The address in text; of IPv6 the /64, which one customer has whole. Another text as it is.
std::string SourceOf(const std::string& client_address);

}  // namespace staffetta::auth
