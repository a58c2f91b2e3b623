// How the worker keeps and ends its leases when the queue, or a part of it, does not do as it
// should.

#include "delivery/worker_fixture.h"

namespace staffetta::delivery {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Property;
using testing::SizeIs;

class WorkerReportsTest : public WorkerTest {
 protected:
  // Its content has to be fetched, and takes room as long as it is here.
  pb::LeasedDelivery WithContentAway(const std::string& id) {
    auto leased = Leased(id, {"a@example.net"});
    queue_.contents[leased.message_id()] = "Subject: large\r\n\r\n";
    leased.clear_content();
    leased.set_content_size(18);
    return leased;
  }
  // How long it takes.
  absl::Duration Stop() {
    const absl::Time begin = absl::Now();
    runtime_.Block(StopWorker());
    return absl::Now() - begin;
  }
};

// SPEC Q7: the others' reports do not wait for a partition that does not answer, nor do their
// leases end.
TEST_F(WorkerReportsTest, SilentPartition_HoldsUpNoOther) {
  queue_.lease_time = absl::Milliseconds(600);
  queue_.silent = {"m.1"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  queue_.Add(Leased("m.2", {"a@example.net"}));
  RunUntil(1);
  EXPECT_EQ(queue_.completions[0].delivery_id(), "m.2");
  server_.script["."] = {"!silence"};
  options_.final_timeout = absl::Seconds(2);
  queue_.Add(Leased("m.3", {"a@example.net"}));
  bool in_time = false;
  for (int i = 0; i < 3; ++i) runtime_.Block(AwaitRenewal(&in_time));
  EXPECT_TRUE(in_time);
  EXPECT_EQ(worker_->held(), 1U) << "m.1 is over, and m.3 is renewed";
}

// SPEC Q2: what no report can be made of ends with its lease, also when the worker stops.
TEST_F(WorkerReportsTest, QueueThatTakesNoReports_DoesNotHoldUpTheStop) {
  queue_.lease_time = absl::Milliseconds(600);
  queue_.failing_completes = 1'000'000;
  queue_.Add(Leased("m.1", {"a@example.net"}));
  bool in_time = false;
  runtime_.Block(AwaitRenewal(&in_time));
  ASSERT_TRUE(in_time);
  EXPECT_LT(Stop(), absl::Seconds(5));
  EXPECT_EQ(worker_->held(), 0U);
}

TEST_F(WorkerReportsTest, ReportThatIsRefused_HoldsUpNoOther) {
  queue_.refused = {"m.2"};
  for (const char* id : {"m.1", "m.2", "m.3"}) queue_.Add(Leased(id, {"a@example.net"}));
  RunUntil(2);
  EXPECT_THAT(queue_.completions,
              testing::UnorderedElementsAre(Property(&pb::Completion::delivery_id, "m.1"),
                                            Property(&pb::Completion::delivery_id, "m.3")));
}

TEST_F(WorkerReportsTest, QueueWithoutRoomForAReport_IsAskedAgain) {
  queue_.failing_completes = 2;
  queue_.failure = absl::ResourceExhaustedError("as told");
  queue_.Add(Leased("m.1", {"a@example.net"}));
  RunUntil(1);
  EXPECT_THAT(server_.delivered, SizeIs(1));
}

// THREATS: a peer that says a lot to each of many recipients.
TEST_F(WorkerReportsTest, LongReply_IsCutForEachRecipient) {
  const std::string line(990, 'x');
  server_.script["MAIL"] = {"550-" + line + "\r\n550-" + line + "\r\n550 " + line};
  queue_.Add(Leased("m.1", {"a@example.net", "b@example.net"}));
  RunUntil(1);
  for (const auto& outcome : queue_.completions[0].outcomes()) {
    EXPECT_GT(outcome.reply().text().size(), 900U);
    EXPECT_LE(outcome.reply().text().size(), 1024U);
  }
}

TEST_F(WorkerReportsTest, LostLease_GivesItsRoomBack) {
  options_.max_whole_content = 18;
  options_.connections_per_site = 1;
  options_.reply_timeout = absl::Seconds(1);
  queue_.lease_time = absl::Milliseconds(300);
  dns_.mx["example.net"] = {{10, "one.test"}, {20, "two.test"}};
  dns_.SetAddresses("one.test", {"127.0.0.1"});
  dns_.SetAddresses("two.test", {"127.0.0.1"});
  server_.script["MAIL"] = {"!silence"};
  queue_.lost = {"m.1"};
  queue_.Add(WithContentAway("m.1"));
  queue_.Add(WithContentAway("m.2"));
  RunUntil(1);
  EXPECT_EQ(queue_.completions[0].delivery_id(), "m.2");
}

// A lease that only this process holds for over (it was stopped, or its renewal came late): the
// queue decides, and nobody has to wait until it ends there.
TEST_F(WorkerReportsTest, LeaseThatSeemsOver_IsHandedBack) {
  queue_.lease_time = absl::Milliseconds(600);
  queue_.renews = false;
  options_.connections_per_site = 1;
  options_.reply_timeout = absl::Seconds(2);
  server_.script["MAIL"] = {"!silence"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  queue_.Add(Leased("m.2", {"a@example.net"}));
  RunUntil(2);
  EXPECT_EQ(queue_.completions[1].delivery_id(), "m.2");
  EXPECT_THAT(queue_.completions[1].outcomes(), SizeIs(0));
}

// SPEC P4: the floor's share goes although a higher class waits, and before what waits here.
TEST_F(WorkerReportsTest, FloorShare_DoesNotGiveWay) {
  options_.connections_per_site = 1;
  options_.prefetch = 4;
  queue_.highest_waiting_class = 1;
  for (int i = 0; i < 4; ++i) {
    auto leased = Leased("m." + std::to_string(i), {"a@example.net"});
    leased.set_class_(i == 3 ? 5 : 1);
    leased.set_by_floor_share(i == 3);
    queue_.Add(leased);
  }
  RunUntil(4);
  for (const auto& completion : queue_.completions) EXPECT_THAT(completion.outcomes(), SizeIs(1));
}

}  // namespace
}  // namespace staffetta::delivery
