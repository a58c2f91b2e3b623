#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>

#include "common/redis/client.h"
#include "staffetta/auth/v1/auth.pb.h"

namespace staffetta::auth {

// Counts the messages of users by minute, hour and day of Redis's clock, for all replicas (SPEC
// U10). Confined to the client's executor.
class RateStore {
 public:
  struct Answer {
    int most = 0;                // of which this is one too many; 0: it is counted
    std::string window;          // "minute", "hour", "day"
    absl::Duration retry_after;  // until the next one begins
  };

  explicit RateStore(redis::Client* client) : client_(*client) {}

  // Counts one message in all windows that `caps` names, unless it is one too many in any of them.
  Co<absl::StatusOr<Answer>> Count(std::string user, v1::Caps caps);

 private:
  redis::Client& client_;
};

}  // namespace staffetta::auth
