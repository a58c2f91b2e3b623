// Several partitions and several replicas of the service, with a real Redis.
#include "queue/partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>

#include "common/base/ids.h"
#include "common/base/runtime.h"
#include "common/redis/test_redis.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "common/rpc/test_call.h"
#include "queue/invariants.h"
#include "queue/serve.h"

namespace staffetta::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using QueueClient = rpc::Client<v1::QueueService>;
using AdminClient = rpc::Client<v1::QueueAdminService>;

// One replica of the service, in this process.
class Replica {
 public:
  Replica(const Runtime* runtime, const redis::TestRedis& redis, int partitions)
      : runtime_(runtime),
        server_(runtime->executor(0), {.partitions = partitions, .allow_volatile = true},
                redis.options(), "key"),
        host_(*rpc::Host::Start("127.0.0.1:0", server_.grpc_services())),
        client_(rpc::LocalPeer(host_->InProcessChannel(), "key", absl::Seconds(10))),
        admin_(rpc::LocalPeer(host_->InProcessChannel(), "key", absl::Seconds(10))) {
    runtime_->Block(Start());
  }
  ~Replica() {
    runtime_->Block(server_.Stop());
    host_->Shutdown(absl::Seconds(5));
  }

  std::string Enqueue(int message_class, int partition, const std::string& domain = "x.example") {
    v1::EnqueueRequest request;
    v1::NewMessage& message = *request.add_messages();
    message.set_message_id(NewMessageId(partition));
    message.mutable_envelope()->set_account_id(partition);
    message.add_recipients("bob@" + domain);
    message.set_class_(message_class);
    message.set_content("Subject: hi\r\n\r\nbody\r\n");
    const auto enqueued =
        rpc::BlockOnCall(*runtime_, client_, &QueueClient::Async::Enqueue, request);
    EXPECT_TRUE(enqueued.ok()) << enqueued.status();
    return message.message_id();
  }
  std::vector<v1::LeasedDelivery> Lease(int credits) {
    v1::LeaseRequest request;
    request.set_credits(credits);
    request.mutable_wait()->set_seconds(1);
    const auto leased = rpc::BlockOnCall(*runtime_, client_, &QueueClient::Async::Lease, request);
    EXPECT_TRUE(leased.ok()) << leased.status();
    return {leased->deliveries().begin(), leased->deliveries().end()};
  }
  // The classes of all that is handed out, call by call, until nothing is.
  std::vector<int> LeaseAll(int credits) {
    std::vector<int> classes;
    for (;;) {
      const auto leased = Lease(credits);
      if (leased.empty()) return classes;
      for (const auto& delivery : leased) classes.push_back(delivery.class_());
    }
  }
  v1::GetStatsResponse Stats() {
    return *rpc::BlockOnCall(*runtime_, client_, &QueueClient::Async::GetStats,
                             v1::GetStatsRequest());
  }
  void Hold(const std::string& scope) {
    v1::HoldRequest request;
    request.set_scope(scope);
    EXPECT_TRUE(rpc::BlockOnCall(*runtime_, admin_, &AdminClient::Async::Hold, request).ok());
  }
  void Throttle(const std::string& scope, int messages) {
    v1::SetThrottleRequest request;
    request.mutable_throttle()->set_scope(scope);
    request.mutable_throttle()->set_messages(messages);
    request.mutable_throttle()->mutable_per()->set_seconds(3600);
    EXPECT_TRUE(
        rpc::BlockOnCall(*runtime_, admin_, &AdminClient::Async::SetThrottle, request).ok());
  }
  std::vector<std::string> Holds() {
    const auto holds =
        rpc::BlockOnCall(*runtime_, admin_, &AdminClient::Async::ListHolds, v1::ListHoldsRequest());
    std::vector<std::string> scopes;
    for (const v1::HeldScope& hold : holds->holds()) scopes.push_back(hold.scope());
    return scopes;
  }
  v1::Explanation Why(const std::string& message_id) {
    v1::ExplainRequest request;
    request.set_message_id(message_id);
    const auto explained =
        rpc::BlockOnCall(*runtime_, admin_, &AdminClient::Async::Explain, request);
    EXPECT_TRUE(explained.ok()) << explained.status();
    return explained->explanations(0);
  }
  std::set<std::string> Listed() {
    std::set<std::string> ids;
    v1::ListDeliveriesRequest request;
    do {
      const auto page =
          rpc::BlockOnCall(*runtime_, client_, &QueueClient::Async::ListDeliveries, request);
      for (const v1::QueuedDelivery& delivery : page->deliveries())
        ids.insert(delivery.delivery_id().substr(0, delivery.delivery_id().find('.')));
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }

 private:
  Co<void> Start() {
    const absl::Status started = co_await server_.Start();
    EXPECT_TRUE(started.ok()) << started;
  }
  const Runtime* const runtime_;
  Server server_;
  std::unique_ptr<rpc::Host> host_;
  QueueClient client_;
  AdminClient admin_;
};

class PartitionsTest : public testing::Test {
 protected:
  void TearDown() override {
    runtime_.Block(CheckInvariants(runtime_.executor(0), redis_.options()));
  }
  static Co<void> CheckInvariants(Executor executor, redis::Client::Options options) {
    redis::Client client(executor, options);
    for (const char* tag : {"{0}", "{1}", "{2}"}) {
      EXPECT_THAT(co_await BrokenInvariants(&client, tag), IsEmpty());
    }
  }

  redis::TestRedis redis_;
  Runtime runtime_{2};
};

// SPEC P3: whatever the order and the partition they came in, the higher class goes first.
TEST_F(PartitionsTest, HighestClassGoesFirst_InWhicheverPartitionItIs) {
  Replica one(&runtime_, redis_, 3);
  for (const int message_class : {5, 3, 1, 4, 2}) {
    for (int partition = 0; partition < 3; ++partition) one.Enqueue(message_class, partition);
  }
  EXPECT_THAT(one.LeaseAll(2), ElementsAre(1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5));
}

// SPEC P3: also when it came by another replica.
TEST_F(PartitionsTest, OtherReplicasUrgentMail_IsHeardOf) {
  Replica one(&runtime_, redis_, 3);
  Replica other(&runtime_, redis_, 3);
  for (int i = 0; i < 40; ++i) one.Enqueue(5, 0);
  for (int round = 1; round < 8; ++round) {
    EXPECT_THAT(one.Lease(1), ElementsAre(testing::Property(&v1::LeasedDelivery::class_, 5)));
    const std::string urgent = other.Enqueue(1, round % 3);
    // The word of it is on its way: it takes no longer than a call that goes there and back.
    other.Stats();
    one.Stats();
    EXPECT_THAT(one.Lease(1),
                ElementsAre(testing::Property(&v1::LeasedDelivery::message_id, urgent)));
  }
}

// SPEC Q6, P3: held by priority, wherever the higher class waits.
TEST_F(PartitionsTest, HigherClassElsewhere_IsWhyTheLowerOneWaits) {
  Replica one(&runtime_, redis_, 3);
  const std::string low = one.Enqueue(4, 0);
  const std::string urgent = one.Enqueue(2, 1);
  one.Enqueue(5, 2);
  one.Lease(1);  // takes the urgent one, and a worker has asked
  EXPECT_EQ(one.Why(low).reason(), v1::WAIT_REASON_TURN);
  EXPECT_EQ(one.Why(urgent).reason(), v1::WAIT_REASON_IN_WORK);
  one.Enqueue(1, 2);
  const v1::Explanation why = one.Why(low);
  EXPECT_EQ(why.reason(), v1::WAIT_REASON_HIGHER_CLASS);
  EXPECT_EQ(why.scope(), "1");
  EXPECT_EQ(why.text(), "held by priority: class 1 goes before class 4");
}

// The lower classes must not starve while another replica is busy in the other partitions.
TEST_F(PartitionsTest, LowerClassesFlow_WhileOthersEnqueueElsewhere) {
  Replica one(&runtime_, redis_, 3);
  Replica other(&runtime_, redis_, 3);
  for (int i = 0; i < 30; ++i) one.Enqueue(5, 0);
  std::atomic<bool> done = false;
  std::thread busy([&] {
    while (!done) {
      other.Enqueue(5, 1);
      other.Enqueue(5, 2);
    }
  });
  int from_first = 0;
  for (int calls = 0; calls < 200 && from_first < 30; ++calls) {
    for (const auto& delivery : one.Lease(1)) {
      if (PartitionOfMessageId(delivery.message_id()) == 0) ++from_first;
    }
  }
  done = true;
  busy.join();
  EXPECT_EQ(from_first, 30);
}

// SPEC Q5: what is asked of the queue is asked of all partitions.
TEST_F(PartitionsTest, Administration_SeesAllPartitions) {
  Replica one(&runtime_, redis_, 3);
  std::set<std::string> ids;
  for (int partition = 0; partition < 3; ++partition) ids.insert(one.Enqueue(3, partition));
  EXPECT_EQ(one.Stats().messages(), 3);
  EXPECT_EQ(one.Listed(), ids);
  one.Hold("destination:x.example");
  EXPECT_THAT(one.Lease(10), IsEmpty());
  EXPECT_EQ(one.Stats().holds(), 1);
}

// Raising the number: what operators hold and throttle counts in the new partitions, too.
TEST_F(PartitionsTest, NewPartitions_AreHeldAndThrottledLikeTheFirst) {
  {
    Replica one(&runtime_, redis_, 1);
    one.Hold("destination:held.example");
    one.Throttle("destination:slow.example", 3);
  }
  Replica three(&runtime_, redis_, 3);
  EXPECT_THAT(three.Holds(), ElementsAre("destination:held.example"));
  for (int partition = 0; partition < 3; ++partition) {
    three.Enqueue(3, partition, "held.example");
    for (int i = 0; i < 3; ++i) three.Enqueue(3, partition, "slow.example");
  }
  EXPECT_THAT(three.LeaseAll(10), SizeIs(3)) << "one of each partition: a third of the limit each";
}

// Lowering it: no mail is forgotten, and an empty partition is not served for ever.
TEST_F(PartitionsTest, FewerPartitions_StillSendWhatLiesBeyond) {
  std::string beyond;
  {
    Replica three(&runtime_, redis_, 3);
    beyond = three.Enqueue(3, 1);
  }
  Replica one(&runtime_, redis_, 1);
  EXPECT_THAT(one.Listed(), ElementsAre(beyond));
  EXPECT_THAT(one.Lease(10),
              ElementsAre(testing::Property(&v1::LeasedDelivery::message_id, beyond)));
}

TEST(PartitionOf, UnknownOnesAreRefused) {
  EXPECT_EQ(*PartitionOf(NewMessageId(2) + ".0", 3), 2);
  EXPECT_EQ(PartitionOf(NewMessageId(3), 3).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(PartitionOf("", 3).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace staffetta::queue
