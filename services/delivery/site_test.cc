// What becomes of a site's deliveries when its hosts differ, refuse connections or are slow.

#include <algorithm>

#include "common/base/check.h"
#include "delivery/worker_fixture.h"

namespace staffetta::delivery {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class SiteTest : public WorkerTest {
 protected:
  // One connection after the other, to one.test before two.test.
  void UseTwoHosts(const std::string& first = "127.0.0.1",
                   const std::string& second = "127.0.0.1") {
    options_.connections_per_site = 1;
    dns_.mx["example.net"] = {{10, "one.test"}, {20, "two.test"}};
    dns_.SetAddresses("one.test", {first});
    dns_.SetAddresses("two.test", {second});
  }
  void AddDemandingTls(const std::string& id) {
    auto leased = Leased(id, {"a@example.net"});
    leased.mutable_envelope()->mutable_demands()->set_require_tls(true);
    queue_.Add(leased);
  }
  void AddPlain(int first, int last) {
    for (int i = first; i <= last; ++i) {
      queue_.Add(Leased("m." + std::to_string(i), {"a@example.net"}));
    }
  }
  auto Find(const std::string& id) {
    return std::find_if(
        queue_.completions.begin(), queue_.completions.end(),
        [&](const pb::Completion& completion) { return completion.delivery_id() == id; });
  }
  const pb::Completion& Completed(const std::string& id) {
    const auto found = Find(id);
    CHECK(found != queue_.completions.end());
    return *found;
  }
  Co<void> AwaitCompletionOf(std::string id, bool* in_time) {
    if (!worker_) Start();
    *in_time = true;
    for (size_t n = 1; *in_time && Find(id) == queue_.completions.end(); ++n) {
      *in_time = co_await queue_.AwaitCompletions(n);
    }
  }
  std::string HostOf(const std::string& id) { return Completed(id).outcomes(0).reply().host(); }
  std::vector<pb::OutcomeKind> KindsOf(const std::string& id) { return Kinds(Completed(id)); }
};

// SPEC D5
TEST_F(SiteTest, NeedOfOneDelivery_FailsNoOther) {
  UseTwoHosts();
  server_.script["connect"] = {"220 one is up", "521 5.3.2 two takes no mail!close"};
  AddDemandingTls("m.1");
  AddPlain(2, 6);
  RunUntil(6);
  EXPECT_THAT(KindsOf("m.1"), ElementsAre(pb::OUTCOME_KIND_FAILED));
  EXPECT_THAT(server_.delivered, SizeIs(5));
}

// SPEC D5: 127.0.0.9 stands for a host that nobody answers at.
TEST_F(SiteTest, DelayOfOneDelivery_DefersNoOther) {
  UseTwoHosts("127.0.0.1", "127.0.0.9");
  server_.script["MAIL"] = {"451 4.7.1 greylisted"};
  AddPlain(1, 6);
  RunUntil(6);
  EXPECT_THAT(KindsOf("m.1"), ElementsAre(pb::OUTCOME_KIND_DEFERRED));
  EXPECT_THAT(server_.delivered, SizeIs(5));
}

// SPEC D1
TEST_F(SiteTest, DeliveryThatNeedsTheBackup_LeavesTheFirstHostToTheOthers) {
  UseTwoHosts();
  server_.script["MAIL"] = {"451 4.7.1 greylisted"};
  AddPlain(1, 2);
  RunUntil(2);
  EXPECT_EQ(HostOf("m.1"), "two.test [127.0.0.1]");
  EXPECT_EQ(HostOf("m.2"), "one.test [127.0.0.1]");
}

// SPEC D1
TEST_F(SiteTest, HostThatBreaksDown_LeavesTheBackupToTheOthers) {
  UseTwoHosts();
  server_.script["MAIL"] = {"421 4.3.2 closing!close"};
  AddPlain(1, 2);
  RunUntil(2);
  EXPECT_EQ(HostOf("m.1"), "two.test [127.0.0.1]");
  EXPECT_EQ(HostOf("m.2"), "two.test [127.0.0.1]");
}

// SPEC D1
TEST_F(SiteTest, ConnectionToTheBackupThatWasClosed_IsMadeToTheFirstHostIfItIsUp) {
  UseTwoHosts("127.0.0.9");
  AddPlain(1, 1);
  RunUntil(1);
  EXPECT_EQ(HostOf("m.1"), "two.test [127.0.0.1]");
  dns_.SetAddresses("one.test", {"127.0.0.1"});
  server_.script["MAIL"] = {"421 4.4.2 idle too long!close"};
  AddPlain(2, 2);
  RunUntil(2);
  EXPECT_EQ(HostOf("m.2"), "one.test [127.0.0.1]");
}

// SPEC Q8: room for two of them.
TEST_F(SiteTest, DeliveriesOfRefusedConnections_TakeNoRoomFromTheOthers) {
  options_.connections_per_site = 4;
  options_.reply_timeout = absl::Milliseconds(300);
  options_.max_whole_content = 36;
  server_.script["connect"] = {"220 ok", "!silence", "!silence", "!silence"};
  for (int i = 0; i < 12; ++i) {
    auto leased = Leased("m." + std::to_string(i), {"a@example.net"});
    queue_.contents[leased.message_id()] = "Subject: large\r\n\r\n";
    leased.clear_content();
    leased.set_content_size(18);
    queue_.Add(leased);
  }
  RunUntil(12);
  EXPECT_THAT(server_.delivered, SizeIs(12));
}

// SPEC D11
TEST_F(SiteTest, SiteThatRefusedAConnection_IsAskedAgainLater) {
  options_.connections_per_site = 2;
  options_.regrowth = absl::ZeroDuration();
  server_.script["connect"] = {"220 ok", "421 4.7.0 too many!close"};
  AddPlain(1, 100);
  RunUntil(100);
  EXPECT_THAT(server_.delivered, SizeIs(100));
  EXPECT_EQ(server_.connections, 3);
}

// SPEC D11
TEST_F(SiteTest, SiteThatRefusedAConnection_IsLeftAloneForAWhile) {
  options_.connections_per_site = 2;
  server_.script["connect"] = {"220 ok", "421 4.7.0 too many!close"};
  AddPlain(1, 100);
  RunUntil(100);
  EXPECT_EQ(server_.connections, 2);
}

// SPEC P5
TEST_F(SiteTest, SlowSite_LeavesItsPlacesToOthers) {
  options_.connections_per_site = 1;
  options_.prefetch = 4;
  options_.patience =
      absl::Milliseconds(10);  // far from the first renewal, after a third of a lease
  queue_.lease_time = absl::Milliseconds(300);
  queue_.highest_waiting_class = 3;
  dns_.SetAddresses("slow.test", {"127.0.0.1"});
  server_.script["MAIL"] = {"!silence"};
  for (int i = 1; i <= 4; ++i) {
    auto leased = Leased("slow." + std::to_string(i), {"a@slow.test"});
    leased.set_destination("slow.test");
    queue_.Add(leased);
  }
  AddPlain(1, 1);
  bool in_time = false;
  runtime_.Block(AwaitCompletionOf("m.1", &in_time));
  ASSERT_TRUE(in_time);
  runtime_.Block(StopWorker());
  EXPECT_THAT(KindsOf("m.1"), ElementsAre(pb::OUTCOME_KIND_DELIVERED));
  // All before it were handed back: how many is a matter of moments.
  const auto first_tried =
      std::find_if(queue_.completions.begin(), queue_.completions.end(),
                   [](const pb::Completion& completion) { return completion.outcomes_size() > 0; });
  EXPECT_GT(first_tried - queue_.completions.begin(), 0);
  EXPECT_EQ(first_tried->delivery_id(), "m.1");
}

TEST_F(SiteTest, TransactionCancelledByAStop_LooksNothingUp) {
  queue_.lease_time = absl::Milliseconds(300);
  server_.script["MAIL"] = {"!silence"};
  AddPlain(1, 1);
  bool in_time = false;
  runtime_.Block(AwaitRenewal(&in_time));
  ASSERT_TRUE(in_time);
  const int before = dns_.lookups;
  runtime_.Block(StopWorker());
  EXPECT_EQ(dns_.lookups, before);
  ASSERT_THAT(queue_.completions, SizeIs(1));
  EXPECT_THAT(Completed("m.1").outcomes(), SizeIs(0));
}

}  // namespace
}  // namespace staffetta::delivery
