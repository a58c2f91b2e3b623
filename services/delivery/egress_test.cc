#include "delivery/egress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "common/base/runtime.h"
#include "common/base/task_group.h"

namespace staffetta::delivery {
namespace {

using testing::ElementsAre;

constexpr int64_t kRate = 10'000'000;

// Takes so many slices and notes each by its class.
Co<void> Transfer(Egress* egress, int message_class, int slices, std::vector<int>* order) {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (int i = 0; i < slices; ++i) {
    const Egress::Taken taken = co_await egress->Take(message_class, egress->slice());
    order->push_back(taken == Egress::Taken::kYes ? message_class : 0);
    if (taken == Egress::Taken::kCancelled) co_return;
  }
}

Co<void> All(TaskGroup* group) { co_await group->Wait(); }

// Both transfers begin in one turn of the loop, the bucket empty.
Co<void> StartBoth(Egress* egress, TaskGroup* group, std::vector<int>* order) {
  std::vector<int> beginning;
  co_await Transfer(egress, 1, 12, &beginning);
  group->Spawn(Transfer(egress, 5, 4, order));
  group->Spawn(Transfer(egress, 1, 4, order));
}

// SPEC P3, D12: strict, and the lower one goes on by itself.
TEST(Egress, HigherClassGoesFirst) {
  Runtime runtime(1);
  Egress egress(kRate);
  TaskGroup group(runtime.executor(0), "transfers");
  std::vector<int> order;
  runtime.Block(StartBoth(&egress, &group, &order));
  runtime.Block(All(&group));
  EXPECT_THAT(order, ElementsAre(1, 1, 1, 1, 5, 5, 5, 5));
}

Co<void> StartAndCancel(Egress* egress, TaskGroup* first, TaskGroup* second,
                        std::vector<int>* order) {
  std::vector<int> beginning;
  co_await Transfer(egress, 1, 12, &beginning);
  first->Spawn(Transfer(egress, 1, 1, order));
  second->Spawn(Transfer(egress, 3, 1, order));
  first->Cancel();
  co_await first->Wait();
}

// Who had the next turn is gone: the one behind him learns that it is his.
TEST(Egress, CancelledTransfer_LeavesTheLine) {
  Runtime runtime(1);
  Egress egress(ByteBucket::kLeastRate * 4);
  TaskGroup first(runtime.executor(0), "first");
  TaskGroup second(runtime.executor(0), "second");
  std::vector<int> order;
  runtime.Block(StartAndCancel(&egress, &first, &second, &order));
  runtime.Block(All(&second));
  EXPECT_THAT(order, ElementsAre(0, 3));
}

Co<void> StartMany(Egress* egress, TaskGroup* group, std::vector<int>* order) {
  for (const int each : {1, 2, 3, 4, 5, 3, 5, 1}) group->Spawn(Transfer(egress, each, 50, order));
  co_await group->Wait();
}

// A bulk worker and an express worker on threads of their own: nobody sleeps for ever, and both
// together keep to the rate.
TEST(Egress, TwoThreadsShareIt) {
  constexpr int64_t kFast = 200'000'000;
  Runtime runtime(2);
  Egress egress(kFast);
  TaskGroup one(runtime.executor(0), "one");
  TaskGroup two(runtime.executor(1), "two");
  std::vector<int> order_one;
  std::vector<int> order_two;
  const auto begin = std::chrono::steady_clock::now();
  auto other = std::async(std::launch::async,
                          [&] { runtime.Block(StartMany(&egress, &two, &order_two), 1); });
  runtime.Block(StartMany(&egress, &one, &order_one), 0);
  other.get();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(order_one.size() + order_two.size(), 800U);
  const double bytes = 800.0 * static_cast<double>(egress.slice());
  const double burst = kFast * 0.051;
  EXPECT_GE(took.count(), (bytes - burst) / kFast);
}

}  // namespace
}  // namespace staffetta::delivery
