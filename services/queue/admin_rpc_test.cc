// Administration as its callers see it: over gRPC, with a real Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "common/base/ids.h"
#include "common/base/runtime.h"
#include "common/redis/test_redis.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "common/rpc/test_call.h"
#include "queue/serve.h"
#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using QueueClient = rpc::Client<v1::QueueService>;
using AdminClient = rpc::Client<v1::QueueAdminService>;

class AdminRpcTest : public testing::Test {
 protected:
  using Async = AdminClient::Async;

  AdminRpcTest()
      : server_(runtime_.executor(0), {.partitions = 2, .allow_volatile = true}, redis_.options(),
                "key"),
        host_(*rpc::Host::Start("127.0.0.1:0", server_.grpc_services())),
        queue_(rpc::LocalPeer(host_->InProcessChannel(), "key", absl::Seconds(10))),
        admin_(rpc::LocalPeer(host_->InProcessChannel(), "key", absl::Seconds(10))) {
    runtime_.Block(Start());
  }
  ~AdminRpcTest() override {
    runtime_.Block(server_.Stop());
    host_->Shutdown(absl::Seconds(5));
  }

  // Of account 1.
  std::string Enqueue() {
    v1::EnqueueRequest request;
    v1::NewMessage& message = *request.add_messages();
    message.set_message_id(NewMessageId(1));
    message.mutable_envelope()->set_account_id(1);
    message.mutable_envelope()->set_channel("sandbox");
    message.add_recipients("bob@x.example");
    message.set_class_(3);
    EXPECT_TRUE(rpc::BlockOnCall(runtime_, queue_, &QueueClient::Async::Enqueue, request).ok());
    return message.message_id();
  }
  std::vector<v1::LeasedDelivery> Lease(int credits = 1) {
    v1::LeaseRequest request;
    request.set_credits(credits);
    request.mutable_wait()->set_seconds(1);
    const auto leased = rpc::BlockOnCall(runtime_, queue_, &QueueClient::Async::Lease, request);
    EXPECT_TRUE(leased.ok()) << leased.status();
    return {leased->deliveries().begin(), leased->deliveries().end()};
  }
  // Of all that account 1 has.
  v1::ChangeDeliveriesResponse Change(v1::DeliveryChange change, bool dry_run = false,
                                      const std::string& reason = "") {
    v1::ChangeDeliveriesRequest request;
    request.mutable_selector()->set_account_id(1);
    request.set_change(change);
    request.set_dry_run(dry_run);
    request.set_reason(reason);
    return Change(request);
  }
  // Page by page.
  v1::ChangeDeliveriesResponse Change(v1::ChangeDeliveriesRequest request) {
    v1::ChangeDeliveriesResponse all;
    do {
      const auto page =
          rpc::BlockOnCall(runtime_, admin_, &AdminClient::Async::ChangeDeliveries, request);
      EXPECT_TRUE(page.ok()) << page.status();
      request.set_page_token(page->next_page_token());
      all.set_matched(all.matched() + page->matched());
      all.set_changed(all.changed() + page->changed());
      all.mutable_left_alone()->MergeFrom(page->left_alone());
    } while (!request.page_token().empty());
    return all;
  }
  absl::Status Hold(const std::string& scope, const std::string& reason = "") {
    v1::HoldRequest request;
    request.set_scope(scope);
    request.set_reason(reason);
    return rpc::BlockOnCall(runtime_, admin_, &AdminClient::Async::Hold, request).status();
  }
  absl::Status Release(const std::string& scope) {
    v1::ReleaseRequest request;
    request.set_scope(scope);
    return rpc::BlockOnCall(runtime_, admin_, &AdminClient::Async::Release, request).status();
  }
  // What Hold or Release would touch, page by page.
  template <class Request, class Response>
  absl::StatusOr<int64_t> Count(void (Async::*method)(grpc::ClientContext*, const Request*,
                                                      Response*, std::function<void(grpc::Status)>),
                                const std::string& scope) {
    Request request;
    request.set_scope(scope);
    request.set_dry_run(true);
    int64_t all = 0;
    do {
      const auto page = rpc::BlockOnCall(runtime_, admin_, method, request);
      if (!page.ok()) return page.status();
      all += page->deliveries();
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  absl::StatusOr<v1::SetThrottleResponse> Throttle(const std::string& scope, int messages) {
    v1::SetThrottleRequest request;
    request.mutable_throttle()->set_scope(scope);
    request.mutable_throttle()->set_messages(messages);
    return rpc::BlockOnCall(runtime_, admin_, &AdminClient::Async::SetThrottle, request);
  }
  std::vector<events::v1::Event> Events(const std::string& tag) {
    asio::io_context context;
    redis::Client client(context.get_executor(), redis_.options());
    return EventsOf(
        *Await(context, client.Run(redis::Command("XRANGE", "events:" + tag, "-", "+"))));
  }

  redis::TestRedis redis_;
  Runtime runtime_{2};
  Server server_;
  std::unique_ptr<rpc::Host> host_;
  QueueClient queue_;
  AdminClient admin_;

 private:
  Co<void> Start() {
    const absl::Status started = co_await server_.Start();
    EXPECT_TRUE(started.ok()) << started;
  }
};

// SPEC Q5
TEST_F(AdminRpcTest, ChangesThatDoNotFit_SayWhatStateIsInTheWay) {
  for (int i = 0; i < 3; ++i) Enqueue();
  ASSERT_THAT(Lease(1), SizeIs(1));
  for (const bool dry_run : {true, false}) {
    const auto paused = Change(v1::DELIVERY_CHANGE_PAUSE, dry_run);
    EXPECT_EQ(paused.matched(), 3);
    EXPECT_EQ(paused.changed(), 2);
    ASSERT_EQ(paused.left_alone_size(), 1);
    EXPECT_EQ(paused.left_alone(0).state(), v1::DELIVERY_STATE_LEASED);
    EXPECT_EQ(paused.left_alone(0).deliveries(), 1);
  }
  const auto again = Change(v1::DELIVERY_CHANGE_PAUSE);
  EXPECT_EQ(again.changed(), 0);
  ASSERT_EQ(again.left_alone_size(), 2);
  EXPECT_EQ(again.left_alone(1).state(), v1::DELIVERY_STATE_PAUSED);
  EXPECT_EQ(again.left_alone(1).deliveries(), 2);
}

// SPEC Q5: without a name it goes as mail of accounts goes that named no channel.
TEST_F(AdminRpcTest, RerouteWithoutAName_GoesByMx) {
  Enqueue();
  EXPECT_EQ(Change(v1::DELIVERY_CHANGE_REROUTE).changed(), 1);
  const auto leased = Lease();
  ASSERT_THAT(leased, SizeIs(1));
  EXPECT_EQ(leased[0].envelope().channel(), "shared");
}

// SPEC Q5: whose it was, what was done to it, and why.
TEST_F(AdminRpcTest, EachChange_IsAnEventThatSaysWhatAndWhy) {
  constexpr auto kStateChanged = events::v1::EVENT_TYPE_STATE_CHANGED;
  const struct {
    v1::DeliveryChange change;
    events::v1::EventType type;
    std::string detail;
  } rows[] = {
      {v1::DELIVERY_CHANGE_PAUSE, kStateChanged, "paused by an operator: a test"},
      {v1::DELIVERY_CHANGE_RESUME, kStateChanged, "resumed by an operator: a test"},
      {v1::DELIVERY_CHANGE_REROUTE, kStateChanged,
       "given to channel \"shared\" by an operator: a test"},
      {v1::DELIVERY_CHANGE_PAUSE, kStateChanged, "paused by an operator: a test"},
      {v1::DELIVERY_CHANGE_SEND_NOW, kStateChanged, "sent at once by an operator: a test"},
      {v1::DELIVERY_CHANGE_EXPIRE, kStateChanged, "expired by an operator: a test"},
      {v1::DELIVERY_CHANGE_CANCEL, events::v1::EVENT_TYPE_CANCELLED, "a test"},
  };
  std::string id = Enqueue();
  for (const auto& row : rows) {
    SCOPED_TRACE(row.detail);
    if (row.change == v1::DELIVERY_CHANGE_CANCEL) id = Enqueue();  // the other one has expired
    ASSERT_EQ(Change(row.change, true, "a test").changed(), 1);
    ASSERT_EQ(Change(row.change, false, "a test").changed(), 1);
    const events::v1::Event event = Events("{1}").back();
    EXPECT_EQ(event.type(), row.type);
    EXPECT_EQ(event.detail(), row.detail);
    EXPECT_EQ(event.message_id(), id);
    EXPECT_EQ(event.envelope().account_id(), 1);
    EXPECT_THAT(event.recipients(), ElementsAre("bob@x.example"));
  }
  EXPECT_THAT(Events("{1}"), SizeIs(std::size(rows) + 2)) << "a dry run is none";
}

// SPEC Q5: in all partitions, but it is one fact.
TEST_F(AdminRpcTest, HoldsAndThrottles_AreOneEventEach) {
  ASSERT_TRUE(Hold("account:01", "unpaid").ok());
  ASSERT_TRUE(Release("account:01").ok());
  ASSERT_TRUE(Throttle("account:01", 30).ok());
  ASSERT_TRUE(Throttle("account:01", 0).ok());
  std::vector<std::string> details;
  for (const events::v1::Event& event : Events("{0}")) {
    EXPECT_EQ(event.type(), events::v1::EVENT_TYPE_STATE_CHANGED);
    details.push_back(event.detail());
  }
  EXPECT_THAT(details,
              ElementsAre("account:1 held by an operator: unpaid",
                          "account:1 released by an operator", "account:1 throttled by an operator",
                          "account:1 not throttled any more by an operator"));
  EXPECT_THAT(Events("{1}"), IsEmpty());
}

TEST_F(AdminRpcTest, HoldThatCanMatchNothing_IsRefused) {
  const absl::Status refused = Hold("lane:foo");
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("lane:ACCOUNT/LIST/CHANNEL/DESTINATION"));
}

TEST_F(AdminRpcTest, Hold_IsReleasedHoweverItIsWritten) {
  Enqueue();
  ASSERT_TRUE(Hold("lane:01/0/sandbox/X.example").ok());
  EXPECT_THAT(Lease(), SizeIs(0));
  EXPECT_TRUE(Release("lane:1/00/sandbox/x.Example").ok());
  EXPECT_THAT(Lease(), SizeIs(1));
}

// SPEC Q5
TEST_F(AdminRpcTest, DryRunOfAHoldAndItsEnd_CountsAndChangesNothing) {
  for (int i = 0; i < 3; ++i) Enqueue();
  ASSERT_THAT(Lease(1), SizeIs(1));
  EXPECT_EQ(*Count(&Async::Hold, "destination:X.example"), 3);
  EXPECT_EQ(*Count(&Async::Hold, "all"), 3);
  EXPECT_EQ(*Count(&Async::Hold, "destination:y.example"), 0);
  EXPECT_EQ(Count(&Async::Hold, "lane:foo").status(), Hold("lane:foo"));
  EXPECT_EQ(Count(&Async::Release, "account:1").status(),
            absl::NotFoundError("account:1 is not held"));
  EXPECT_THAT(Lease(1), SizeIs(1)) << "nothing is held";

  ASSERT_TRUE(Hold("account:1").ok());
  EXPECT_EQ(*Count(&Async::Release, "account:01"), 3);
  EXPECT_THAT(Lease(1), SizeIs(0)) << "it is still held";
  EXPECT_THAT(Events("{0}"), SizeIs(1)) << "of the hold";
}

// A hold of a time when any text was taken.
TEST_F(AdminRpcTest, HoldThatWouldBeRefusedNow_IsReleased) {
  redis_.Raw("HSET hold:{0} lane:foo 1700000000000 ");
  EXPECT_TRUE(Release("lane:foo").ok());
  EXPECT_EQ(Release("lane:foo"), absl::NotFoundError("lane:foo is not held"));
}

// SPEC Q4
TEST_F(AdminRpcTest, Throttle_IsToldAsItCounts) {
  const auto set = Throttle("destination:X.example", 30);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->throttle().scope(), "destination:x.example");
  EXPECT_EQ(set->throttle().messages(), 30);
  EXPECT_EQ(set->throttle().per().seconds(), 1);
  const auto listed = rpc::BlockOnCall(runtime_, admin_, &AdminClient::Async::ListThrottles,
                                       v1::ListThrottlesRequest());
  ASSERT_EQ(listed->throttles_size(), 1);
  EXPECT_EQ(listed->throttles(0).ShortDebugString(), set->throttle().ShortDebugString());
}

TEST_F(AdminRpcTest, ThrottleThatIsNotThere_IsNotRemoved) {
  ASSERT_TRUE(Throttle("destination:x.example", 30).ok());
  const auto removed = Throttle("destination:x.example", 0);
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_FALSE(removed->has_throttle());
  EXPECT_EQ(Throttle("destination:x.example", 0).status(),
            absl::NotFoundError("destination:x.example is not throttled"));
}

// SPEC Q5: as a hold of it is.
TEST_F(AdminRpcTest, Lane_IsFoundHoweverItIsWritten) {
  Enqueue();
  v1::ChangeDeliveriesRequest change;
  change.mutable_selector()->set_lane("01/0/sandbox/X.Example");
  change.set_change(v1::DELIVERY_CHANGE_PAUSE);
  EXPECT_EQ(Change(change).changed(), 1);
  v1::ListDeliveriesRequest list;
  *list.mutable_selector() = change.selector();
  list.set_page_token("1.");  // where account 1 is
  const auto listed = rpc::BlockOnCall(runtime_, queue_, &QueueClient::Async::ListDeliveries, list);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(listed->deliveries_size(), 1);
}

// SPEC Q5: also where it only looks.
TEST_F(AdminRpcTest, ListWithASelectorThatFitsNothing_IsRefused) {
  v1::ListDeliveriesRequest request;
  request.mutable_selector()->set_class_(9);
  EXPECT_EQ(rpc::BlockOnCall(runtime_, queue_, &QueueClient::Async::ListDeliveries, request)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace staffetta::queue
