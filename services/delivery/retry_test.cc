#include "delivery/retry.h"

#include <gtest/gtest.h>

namespace staffetta::delivery {
namespace {

constexpr double kMiddle = 0.5;

// SPEC D5: the schedule as data.
TEST(RetryTest, WaitGrowsByHalfUntilTheLongest) {
  const RetrySchedule schedule{absl::Minutes(1), absl::Minutes(11)};
  const double minutes[] = {1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10, 10};
  for (int attempts = 0; attempts < 8; ++attempts) {
    EXPECT_NEAR(absl::ToDoubleMinutes(RetryDelay(schedule, attempts, kMiddle)), minutes[attempts],
                1e-6);
  }
}

TEST(RetryTest, JitterIsTenPercentEitherWay) {
  const RetrySchedule schedule{absl::Seconds(100), absl::Hours(1)};
  EXPECT_NEAR(absl::ToDoubleSeconds(RetryDelay(schedule, 0, 0)), 90, 1e-6);
  EXPECT_NEAR(absl::ToDoubleSeconds(RetryDelay(schedule, 0, 0.999999)), 110, 1e-3);
}

TEST(RetryTest, LongestIsNeverExceeded) {
  const RetrySchedule schedule{absl::Minutes(1), absl::Hours(4)};
  for (int attempts : {0, 13, 14, 60, 1000000}) {
    EXPECT_LE(RetryDelay(schedule, attempts, 0.999999), absl::Hours(4));
    EXPECT_GT(RetryDelay(schedule, attempts, 0), absl::ZeroDuration());
  }
}

}  // namespace
}  // namespace staffetta::delivery
