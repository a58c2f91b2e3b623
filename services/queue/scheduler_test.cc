// Which worker is handed what, of those that wait at once.
#include "queue/scheduler.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using testing::ElementsAre;
using asio::experimental::awaitable_operators::operator&&;

class SchedulerTest : public QueueStoreTest {
 protected:
  using Result = absl::StatusOr<QueueStore::LeaseResult>;

  // Both workers wait before anything is queued; then a message of each of these classes comes.
  std::pair<Result, Result> BulkAndExpress(std::vector<int> classes) {
    return Await(context_, Both(std::move(classes)));
  }
  static std::vector<int> ClassesOf(const Result& result) {
    std::vector<int> classes;
    EXPECT_TRUE(result.ok()) << result.status();
    for (const auto& delivery : result->deliveries) classes.push_back(delivery.message_class);
    return classes;
  }

  static Co<void> Forget(Co<Result> lease) { (void)co_await std::move(lease); }
  static Co<bool> Ended(Scheduler* scheduler, TaskGroup* group) {
    scheduler->Stop();
    co_await group->Wait();
    co_return true;
  }

 private:
  Co<std::pair<Result, Result>> Both(std::vector<int> classes) {
    TaskGroup group(context_.get_executor(), "test");
    Scheduler scheduler({store_.get()}, &group);
    const absl::Duration wait = absl::Seconds(20);
    auto [bulk, express] =
        co_await (scheduler.Lease({.worker = "bulk", .credits = 10}, wait) &&
                  WithMail(&scheduler, {.worker = "express", .express = 10}, std::move(classes)));
    scheduler.Stop();
    co_await group.Wait();
    co_return std::make_pair(std::move(bulk), std::move(express));
  }
  Co<Result> WithMail(Scheduler* scheduler, QueueStore::Want want, std::vector<int> classes) {
    co_return co_await (scheduler->Lease(std::move(want), absl::Seconds(20)) &&
                        EnqueueAll(scheduler, std::move(classes)));
  }
  Co<void> EnqueueAll(Scheduler* scheduler, std::vector<int> classes) {
    for (const int each : classes) {
      const v1::NewMessage message = Message(each, {"bob@x.example"});
      std::vector<StorableMessage> batch;
      batch.push_back(*ToStorable(message, {}));
      const absl::Status status = co_await scheduler->Enqueue(0, std::move(batch));
      EXPECT_TRUE(status.ok()) << status;
    }
  }
};

// SPEC P3: class 1 goes to a worker that keeps room for it alone, the rest to those that take all.
TEST_P(SchedulerTest, UrgentMail_TakesTheExpressLine) {
  const auto [bulk, express] = BulkAndExpress({1, 5});
  EXPECT_THAT(ClassesOf(bulk), ElementsAre(5));
  EXPECT_THAT(ClassesOf(express), ElementsAre(1));
}

// SPEC P3: and it does not wait for a call that leases lower mail.
TEST_P(SchedulerTest, UrgentMailBehindOther_TakesTheExpressLine) {
  const auto [bulk, express] = BulkAndExpress({5, 1});
  EXPECT_THAT(ClassesOf(bulk), ElementsAre(5));
  EXPECT_THAT(ClassesOf(express), ElementsAre(1));
}

// SPEC P3: where the express line has had its fill, class 1 takes any.
TEST_P(SchedulerTest, UrgentMailBeyondTheExpressLine_GoesWithTheRest) {
  const auto [bulk, express] = BulkAndExpress({1, 1});
  EXPECT_THAT(ClassesOf(bulk), ElementsAre(1));
  EXPECT_THAT(ClassesOf(express), ElementsAre(1));
}

// SPEC Q7: while a partition is silent the others go on, and it does when it answers again.
TEST_P(SchedulerTest, SilentPartition_KeepsTheOthersWaitingForAMoment) {
  redis::TestRedis redis;
  redis::Client::Options options = redis.options();
  options.command_timeout = absl::Seconds(2);
  redis::Client client(context_.get_executor(), options);
  const Partition partition(&client, 1, 1000);
  QueueStore there(&partition, {});
  TaskGroup group(context_.get_executor(), "test");
  Scheduler scheduler({store_.get(), &there}, &group);
  const auto lease = [&](absl::Duration wait) {
    return ClassesOf(Await(context_, scheduler.Lease({.worker = "w", .credits = 1}, wait)));
  };
  std::vector<StorableMessage> batch;
  for (int i = 0; i < 2; ++i) {
    batch.push_back(*ToStorable(Message(1, {"bob@x.example"}), {}));
  }
  ASSERT_TRUE(Await(context_, there.Enqueue(std::move(batch), std::nullopt)).ok());
  for (int i = 0; i < 3; ++i) Enqueue(5, {"bob@x.example"});
  redis.Suspend();
  // The first call asks the silent one, and waits for it.
  group.Spawn(Forget(scheduler.Lease({.worker = "w", .credits = 1}, absl::Seconds(20))));
  const absl::Time begin = absl::Now();
  EXPECT_THAT(lease(absl::Seconds(10)), ElementsAre(5));
  EXPECT_THAT(lease(absl::Seconds(10)), ElementsAre(5));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1.5));
  redis.Continue();
  std::vector<int> classes = lease(absl::Seconds(10));
  classes.push_back(lease(absl::Seconds(10)).at(0));
  EXPECT_THAT(classes, testing::UnorderedElementsAre(1, 5));
  Await(context_, Ended(&scheduler, &group));
}

INSTANTIATE_TEST_SUITE_P(Content, SchedulerTest, testing::ValuesIn(kPlaces), NameOfPlace);

}  // namespace
}  // namespace staffetta::queue
