#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "staffetta/queue/v1/admin.pb.h"

// What operators' requests may say. INVALID_ARGUMENT with the field, and what is allowed. Pure.
namespace staffetta::queue {

// A scope as it is stored: domains in lower case, numbers without zeros in front.
absl::StatusOr<std::string> HoldScope(const std::string& text);
absl::StatusOr<std::string> ThrottleScope(const std::string& text);

// Whether a scope, as it is stored, holds that lane (lua/gates.lua: holding).
bool Holds(const std::string& scope, const std::string& lane);

absl::Status CheckReason(const std::string& reason);
// Brings its lane to the form that deliveries have it in.
absl::Status CheckSelector(v1::Selector* selector);
// And its selector's lane.
absl::Status CheckChange(v1::ChangeDeliveriesRequest* request);
// But for the scope.
absl::Status CheckThrottle(const v1::Throttle& throttle);

// Whether it limits anything; a burst alone does not.
bool HasLimits(const v1::Throttle& throttle);

}  // namespace staffetta::queue
