#pragma once

#include <absl/status/status.h>

#include "policy/refusals.h"
#include "policy/rights_cache.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::policy {

// Whether a message's addresses may be used: asked for every message. Confined to the executor.
class Checker {
 public:
  Checker(RightsCache* cache, Refusals* refusals) : cache_(cache), refusals_(refusals) {}

  // INVALID_ARGUMENT: there is no address to check. UNAVAILABLE: it could not be determined.
  Co<absl::Status> CheckSender(const v1::CheckSenderRequest* request,
                               v1::CheckSenderResponse* response);

 private:
  RightsCache* const cache_;
  Refusals* const refusals_;
};

}  // namespace staffetta::policy
