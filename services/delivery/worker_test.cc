#include "delivery/worker_fixture.h"

namespace staffetta::delivery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(WorkerTest, LeasedDelivery_IsSentAndReported) {
  queue_.Add(Leased("m.1", {"a@example.net", "b@example.net"}));
  RunUntil(1);
  const pb::Completion& done = queue_.completions[0];
  EXPECT_EQ(done.lease_id(), "lease-m.1");
  EXPECT_THAT(Kinds(done), ElementsAre(pb::OUTCOME_KIND_DELIVERED, pb::OUTCOME_KIND_DELIVERED));
  EXPECT_EQ(done.outcomes(0).reply().host(), "example.net [127.0.0.1]");
  EXPECT_FALSE(done.has_bounce());
  EXPECT_THAT(server_.delivered, ElementsAre("Subject: m.1\r\n\r\nbody\r\n"));
}

// SPEC D2
TEST_F(WorkerTest, ManyDeliveries_ShareFewConnections) {
  options_.connections_per_site = 3;
  options_.prefetch = 50;
  for (int i = 0; i < 300; ++i) queue_.Add(Leased("m." + std::to_string(i), {"a@example.net"}));
  RunUntil(300);
  EXPECT_THAT(server_.delivered, SizeIs(300));
  EXPECT_LE(server_.connections, 3);
  EXPECT_LT(queue_.complete_calls, 300);
}

// SPEC D5, B1
TEST_F(WorkerTest, EachRecipientHasItsOutcome_FailedOnesBounce) {
  server_.script["RCPT"] = {"550 5.1.1 no such user", "250 ok", "450 4.2.1 later"};
  queue_.Add(Leased("m.1", {"a@example.net", "b@example.net", "c@example.net"}));
  RunUntil(1);
  const pb::Completion& done = queue_.completions[0];
  EXPECT_THAT(Kinds(done), ElementsAre(pb::OUTCOME_KIND_FAILED, pb::OUTCOME_KIND_DELIVERED,
                                       pb::OUTCOME_KIND_DEFERRED));
  EXPECT_GE(done.retry_after().seconds(), 54);
  EXPECT_LE(done.retry_after().seconds(), 66);
  ASSERT_TRUE(done.has_bounce());
  EXPECT_THAT(done.bounce().recipients(), ElementsAre("s@example.com"));
  EXPECT_EQ(done.bounce().envelope().sender(), "");
  EXPECT_EQ(done.bounce().envelope().account_id(), 7U);
  EXPECT_EQ(PartitionOfMessageId(done.bounce().message_id()), 0);
  EXPECT_THAT(done.bounce().content(), HasSubstr("550 5.1.1 no such user"));
  EXPECT_THAT(done.bounce().content(), HasSubstr("Subject: m.1\r\n"));
  EXPECT_THAT(done.bounce().content(), testing::Not(HasSubstr("c@example.net")));
}

// SPEC B1
TEST_F(WorkerTest, FailureOfABounce_MakesNoBounce) {
  server_.script["RCPT"] = {"550 5.1.1 no such user"};
  auto leased = Leased("m.1", {"a@example.net"});
  leased.mutable_envelope()->clear_sender();
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_FAILED));
  EXPECT_FALSE(queue_.completions[0].has_bounce());
}

TEST_F(WorkerTest, LostReplyToEndOfData_IsUnknown) {
  server_.script["."] = {"!close"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_UNKNOWN));
  EXPECT_TRUE(queue_.completions[0].has_retry_after());
  EXPECT_THAT(server_.contents, SizeIs(1));
}

TEST_F(WorkerTest, TooManyRecipients_TheRestGoesInTheNextTransaction) {
  server_.script["RCPT"] = {"250 ok", "452 4.5.3 too many", "552 too many"};
  queue_.Add(Leased("m.1", {"a@example.net", "b@example.net", "c@example.net"}));
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]),
              ElementsAre(pb::OUTCOME_KIND_DELIVERED, pb::OUTCOME_KIND_DELIVERED,
                          pb::OUTCOME_KIND_DELIVERED));
  EXPECT_THAT(server_.delivered, SizeIs(2));
  EXPECT_EQ(server_.connections, 1);
}

TEST_F(WorkerTest, RecipientsAreSplit_AboveTheLimitOfATransaction) {
  options_.recipients_per_transaction = 2;
  queue_.Add(Leased("m.1", {"a@example.net", "b@example.net", "c@example.net", "d@example.net",
                            "e@example.net"}));
  RunUntil(1);
  EXPECT_THAT(queue_.completions[0].outcomes(), SizeIs(5));
  EXPECT_THAT(server_.delivered, SizeIs(3));
}

// SPEC D1: 127.0.0.9 stands for a host that nobody answers at.
TEST_F(WorkerTest, HostThatFails_LeavesTheNext) {
  dns_.mx["example.net"] = {{10, "broken.test"}, {20, "works.test"}};
  dns_.SetAddresses("broken.test", {"127.0.0.9"});
  dns_.SetAddresses("works.test", {"127.0.0.1"});
  queue_.Add(Leased("m.1", {"a@example.net"}));
  RunUntil(1);
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().host(), "works.test [127.0.0.1]");
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DELIVERED));
}

TEST_F(WorkerTest, DeferredMail_GoesToTheNextHost) {
  dns_.mx["example.net"] = {{10, "one.test"}, {20, "two.test"}};
  dns_.SetAddresses("one.test", {"127.0.0.1"});
  dns_.SetAddresses("two.test", {"127.0.0.1"});
  server_.script["MAIL"] = {"451 4.3.0 disk full"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  RunUntil(1);
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().host(), "two.test [127.0.0.1]");
}

// SPEC D5: a backup that refuses does not speak for the first host, which nobody could ask.
TEST_F(WorkerTest, RefusalOfTheNextHost_IsNotForGoodWhileTheFirstIsDown) {
  dns_.mx["example.net"] = {{10, "broken.test"}, {20, "works.test"}};
  dns_.SetAddresses("broken.test", {"127.0.0.9"});
  dns_.SetAddresses("works.test", {"127.0.0.1"});
  server_.script["connect"] = {"521 5.3.2 no mail here!close"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DEFERRED));
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().code(), 521);
}

// SPEC D3: RFC 8689 §4.2
TEST_F(WorkerTest, TlsThatOneHostLacks_IsAwaitedOfTheOneThatIsDown) {
  dns_.mx["example.net"] = {{10, "broken.test"}, {20, "works.test"}};
  dns_.SetAddresses("broken.test", {"127.0.0.9"});
  dns_.SetAddresses("works.test", {"127.0.0.1"});
  pb::LeasedDelivery demanding = Leased("m.1", {"a@example.net"});
  demanding.mutable_envelope()->mutable_demands()->set_require_tls(true);
  queue_.Add(demanding);
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DEFERRED));
  EXPECT_TRUE(server_.delivered.empty());
}

TEST_F(WorkerTest, SiteThatCannotBeReached_IsTriedOnceForAllThatWaits) {
  server_.script["connect"] = {"421 4.3.2 not now!close"};
  for (int i = 0; i < 20; ++i) queue_.Add(Leased("m." + std::to_string(i), {"a@example.net"}));
  RunUntil(20);
  EXPECT_EQ(server_.connections, 1);
  for (const pb::Completion& done : queue_.completions) {
    EXPECT_THAT(Kinds(done), ElementsAre(pb::OUTCOME_KIND_DEFERRED));
    EXPECT_EQ(done.outcomes(0).reply().code(), 421);
  }
}

TEST_F(WorkerTest, SurplusConnectionRefused_TheOthersDoTheWork) {
  server_.script["connect"] = {"220 ok", "421 4.7.0 too many!close", "421 4.7.0 too many!close",
                               "421 4.7.0 too many!close"};
  options_.connections_per_site = 4;
  for (int i = 0; i < 50; ++i) queue_.Add(Leased("m." + std::to_string(i), {"a@example.net"}));
  RunUntil(50);
  EXPECT_THAT(server_.delivered, SizeIs(50));
}

TEST_F(WorkerTest, IdleConnectionThatWasClosed_IsMadeAnew) {
  queue_.Add(Leased("m.1", {"a@example.net"}));
  RunUntil(1);
  server_.script["MAIL"] = {"421 4.4.2 idle too long!close"};
  queue_.Add(Leased("m.2", {"a@example.net"}));
  RunUntil(2);
  EXPECT_THAT(Kinds(queue_.completions[1]), ElementsAre(pb::OUTCOME_KIND_DELIVERED));
  EXPECT_EQ(server_.connections, 2);
}

TEST_F(WorkerTest, UnknownDomain_FailsAndBounces) {
  auto leased = Leased("m.1", {"a@nowhere.test"});
  leased.set_destination("nowhere.test");
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_FAILED));
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().enhanced_code(), "5.1.2");
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().host(), "");
  EXPECT_TRUE(queue_.completions[0].has_bounce());
}

TEST_F(WorkerTest, OperatorsRoute_IsTakenWithoutDns) {
  options_.routes.push_back({"*", "127.0.0.1", server_.port()});
  options_.allow_networks.clear();
  auto leased = Leased("m.1", {"a@nowhere.test"});
  leased.set_destination("nowhere.test");
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DELIVERED));
}

// SPEC Q3
TEST_F(WorkerTest, ExpiredDelivery_FailsUntried) {
  auto leased = Leased("m.1", {"a@example.net"});
  leased.set_expired(true);
  leased.mutable_last_reply()->set_code(450);
  leased.mutable_last_reply()->set_text("mailbox busy");
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_EQ(server_.connections, 0);
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().enhanced_code(), "4.4.7");
  EXPECT_THAT(queue_.completions[0].bounce().content(), HasSubstr("mailbox busy"));
}

// SPEC D13
TEST_F(WorkerTest, Sandbox_CapturesInsteadOfSending) {
  auto leased = Leased("m.1", {"a@example.net"});
  leased.mutable_envelope()->set_channel("sandbox");
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_EQ(server_.connections, 0);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DELIVERED));
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().text(),
            "captured by the sandbox as number 1");
}

TEST_F(WorkerTest, SandboxStoreGone_Defers) {
  redis_.Kill();
  auto leased = Leased("m.1", {"a@example.net"});
  leased.mutable_envelope()->set_channel("sandbox");
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DEFERRED));
}

TEST_F(WorkerTest, UnknownChannel_LeavesNothingOut) {
  auto leased = Leased("m.1", {"a@example.net"});
  leased.mutable_envelope()->set_channel("office365");
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_EQ(server_.connections, 0);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DEFERRED));
}

TEST_F(WorkerTest, LargeContent_IsFetched) {
  auto leased = Leased("m.1", {"a@example.net"});
  queue_.contents[leased.message_id()] = "Subject: large\r\n\r\n";
  leased.clear_content();
  leased.set_content_size(18);
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(server_.delivered, ElementsAre("Subject: large\r\n\r\n"));
}

TEST_F(WorkerTest, DamagedContent_FailsUnsent) {
  auto leased = Leased("m.1", {"a@example.net"});
  leased.clear_content();
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(server_.contents, SizeIs(0));
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().enhanced_code(), "5.3.0");
}

TEST_F(WorkerTest, ReportThatFailed_IsRepeated) {
  queue_.failing_completes = 2;
  queue_.Add(Leased("m.1", {"a@example.net"}));
  RunUntil(1);
  EXPECT_EQ(queue_.complete_calls, 3);
  EXPECT_THAT(server_.delivered, SizeIs(1));
}

// SPEC Q2
TEST_F(WorkerTest, HeldLeases_AreRenewed) {
  queue_.lease_time = absl::Milliseconds(300);
  server_.script["."] = {"!silence"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  bool in_time = false;
  runtime_.Block(AwaitRenewal(&in_time));
  EXPECT_TRUE(in_time);
}

// SPEC Q2
TEST_F(WorkerTest, LostLease_WhatHasNotBegunIsDropped) {
  queue_.lease_time = absl::Milliseconds(300);
  options_.connections_per_site = 1;
  server_.script["MAIL"] = {"!silence"};
  options_.reply_timeout = absl::Seconds(1);
  queue_.lost = {"m.2"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  queue_.Add(Leased("m.2", {"a@example.net"}));
  queue_.Add(Leased("m.3", {"a@example.net"}));
  RunUntil(2);
  EXPECT_EQ(queue_.completions[0].delivery_id(), "m.1");
  EXPECT_EQ(queue_.completions[1].delivery_id(), "m.3");
  EXPECT_THAT(server_.contents, SizeIs(1));
}

TEST_F(WorkerTest, Stop_HandsBackWhatHasNotBegun) {
  options_.connections_per_site = 1;
  options_.stop_grace = absl::Milliseconds(200);
  queue_.lease_time = absl::Milliseconds(300);
  server_.script["."] = {"!silence"};
  queue_.Add(Leased("m.1", {"a@example.net"}));
  queue_.Add(Leased("m.2", {"a@example.net"}));
  bool in_time = false;
  runtime_.Block(AwaitRenewal(&in_time));
  ASSERT_TRUE(in_time);
  runtime_.Block(StopWorker());
  EXPECT_EQ(worker_->held(), 0U);
  ASSERT_THAT(queue_.completions, SizeIs(2));
  // It waits for the reply to its dot, until the grace period is over.
  EXPECT_EQ(queue_.completions[0].delivery_id(), "m.2");
  EXPECT_THAT(queue_.completions[0].outcomes(), SizeIs(0));
  EXPECT_THAT(Kinds(queue_.completions[1]), ElementsAre(pb::OUTCOME_KIND_UNKNOWN));
}

// SPEC P3
TEST_F(WorkerTest, FullWorkerGivesWay_ToAHigherClass) {
  options_.connections_per_site = 1;
  options_.prefetch = 4;
  queue_.highest_waiting_class = 1;
  queue_.lease_time = absl::Milliseconds(300);
  server_.script["."] = {"!silence"};
  // The answers to two calls may overtake each other: the first is there before there is a second.
  for (const char* id : {"m.0", "m.1"}) queue_.Add(Leased(id, {"a@example.net"}));
  runtime_.Block(AwaitHeld(2));
  for (const char* id : {"m.2", "m.3"}) queue_.Add(Leased(id, {"a@example.net"}));
  RunUntil(1);
  EXPECT_EQ(queue_.completions[0].delivery_id(), "m.3");
  EXPECT_THAT(queue_.completions[0].outcomes(), SizeIs(0));
}

}  // namespace
}  // namespace staffetta::delivery
