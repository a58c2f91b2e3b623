#include "common/base/realtime.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace staffetta {
namespace {

int PolicyOfThisThread() { return sched_getscheduler(0); }

TEST(Realtime, Thread_GoesBeforeNormalOnesAndItsChildrenDoNot) {
  int policy = -1;
  int policy_of_child = -1;
  absl::Status status;
  std::thread thread([&] {
    status = BecomeRealtime();
    policy = PolicyOfThisThread();
    std::thread([&] { policy_of_child = PolicyOfThisThread(); }).join();
  });
  thread.join();
  // Where this test runs it may be forbidden; then it has to be said and nothing may have changed.
  if (status.ok()) {
    EXPECT_EQ(policy, SCHED_RR | SCHED_RESET_ON_FORK);
  } else {
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
    EXPECT_EQ(policy, SCHED_OTHER);
  }
  EXPECT_EQ(policy_of_child, SCHED_OTHER);
  EXPECT_EQ(PolicyOfThisThread(), SCHED_OTHER);
}

}  // namespace
}  // namespace staffetta
