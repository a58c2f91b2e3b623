#pragma once

#include <absl/time/time.h>

namespace staffetta::delivery {

// When a deferred delivery is tried again (SPEC D5).
struct RetrySchedule {
  absl::Duration first = absl::Minutes(1);
  absl::Duration longest = absl::Hours(4);
};

// The wait after an attempt that had `attempts_before` before it: grows by half each time, varies
// by ±10 %, never over `longest`. `chance` is in [0, 1). Pure.
absl::Duration RetryDelay(const RetrySchedule& schedule, int attempts_before, double chance);

}  // namespace staffetta::delivery
