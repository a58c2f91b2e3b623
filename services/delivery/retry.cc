#include "delivery/retry.h"

#include <algorithm>
#include <cmath>

namespace staffetta::delivery {
namespace {

constexpr double kGrowth = 1.5;
constexpr double kJitter = 0.1;
constexpr int kMostSteps = 60;  // 1.5^60 seconds are longer than any lifetime

}  // namespace

absl::Duration RetryDelay(const RetrySchedule& schedule, int attempts_before, double chance) {
  const int steps = std::clamp(attempts_before, 0, kMostSteps);
  const absl::Duration grown = schedule.first * std::pow(kGrowth, steps);
  const absl::Duration base = std::min(grown, schedule.longest / (1 + kJitter));
  return base * (1 - kJitter + 2 * kJitter * chance);
}

}  // namespace staffetta::delivery
