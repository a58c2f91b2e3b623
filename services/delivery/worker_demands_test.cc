// What the worker does with what a submitter demands of every host on the way.

#include "common/rpc/times.h"
#include "delivery/worker_fixture.h"

namespace staffetta::delivery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

using WorkerDemandsTest = WorkerTest;

mail::v1::RecipientNotices* AddNotices(pb::LeasedDelivery* leased, const std::string& recipient) {
  auto* const notices = leased->mutable_envelope()->mutable_demands()->add_notices();
  notices->set_recipient(recipient);
  return notices;
}

// For a@ and b@, of which b@ wants to be told of success.
pb::LeasedDelivery Demanding(pb::LeasedDelivery leased) {
  leased.mutable_envelope()->mutable_demands()->set_envelope_id("order 7");
  auto* const notices = AddNotices(&leased, "b@example.net");
  notices->set_success(true);
  notices->set_original_recipient("rfc822;B@example.org");
  return leased;
}

// SPEC B1: RFC 3461 §5.2.2
TEST_F(WorkerDemandsTest, Success_IsToldWhereAskedFor) {
  server_.abilities = {"PIPELINING"};
  queue_.Add(Demanding(Leased("m.1", {"a@example.net", "b@example.net"})));
  RunUntil(1);
  const pb::Completion& told = queue_.completions[0];
  ASSERT_TRUE(told.has_bounce());
  EXPECT_THAT(told.bounce().content(),
              HasSubstr("Original-Envelope-Id: order 7\r\nReporting-MTA: dns; relay.test\r\n"));
  EXPECT_THAT(told.bounce().content(),
              HasSubstr("\r\n\r\nOriginal-Recipient: rfc822; B@example.org\r\n"
                        "Final-Recipient: rfc822; b@example.net\r\nAction: relayed\r\n"
                        "Status: 2.0.0\r\nRemote-MTA: dns; example.net\r\n"));
  EXPECT_THAT(told.bounce().content(), testing::Not(HasSubstr("a@example.net")));
  EXPECT_TRUE(told.bounce().envelope().demands().notices(0).never());
}

// SPEC B1: RFC 3461 §5.2.2
TEST_F(WorkerDemandsTest, Success_IsLeftToAHostThatTellsIt) {
  server_.abilities = {"PIPELINING", "DSN"};
  queue_.Add(Demanding(Leased("m.1", {"a@example.net", "b@example.net"})));
  RunUntil(1);
  EXPECT_FALSE(queue_.completions[0].has_bounce());
  EXPECT_THAT(
      server_.commands,
      testing::Contains("RCPT TO:<b@example.net> NOTIFY=SUCCESS ORCPT=rfc822;B@example.org"));
}

// SPEC B1
TEST_F(WorkerDemandsTest, NeverToBeTold_FailureMakesNoReport) {
  server_.script["RCPT"] = {"550 5.1.1 no such user"};
  auto leased = Leased("m.1", {"a@example.net"});
  AddNotices(&leased, "a@example.net")->set_never(true);
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_FAILED));
  EXPECT_FALSE(queue_.completions[0].has_bounce());
}

// SPEC B1
TEST_F(WorkerDemandsTest, Delay_IsToldOnceItsTimeHasCome) {
  auto leased = Leased("m.1", {"a@example.net"});
  AddNotices(&leased, "a@example.net")->set_delay(true);
  const absl::Time now = absl::Now();
  *leased.mutable_accept_time() = rpc::ToProto(now - absl::Hours(5));
  *leased.mutable_last_attempt_time() = rpc::ToProto(now - absl::Hours(2));
  queue_.Add(leased);
  leased.set_delivery_id("m.2");
  leased.set_lease_id("lease-m.2");
  *leased.mutable_last_attempt_time() = rpc::ToProto(now - absl::Hours(3) / 2);
  options_.delay.after = absl::Hours(3) + absl::Minutes(15);
  server_.script["RCPT"] = {"450 4.2.0 later", "450 4.2.0 later"};
  queue_.Add(leased);
  RunUntil(2);
  const bool first = queue_.completions[0].delivery_id() == "m.1";
  const pb::Completion& told = queue_.completions[first ? 0 : 1];
  EXPECT_FALSE(queue_.completions[first ? 1 : 0].has_bounce());
  ASSERT_TRUE(told.has_bounce());
  EXPECT_THAT(told.bounce().content(), HasSubstr("Action: delayed\r\nStatus: 4.2.0\r\n"));
  EXPECT_THAT(told.bounce().content(), HasSubstr("\r\nWill-Retry-Until: "));
  EXPECT_GE(rpc::FromProto(told.attempt_time()), now);
}

// SPEC Q3: RFC 2852, mode R
TEST_F(WorkerDemandsTest, PastItsDeadline_IsReturnedWithoutAnAttempt) {
  auto leased = Leased("m.1", {"a@example.net"});
  auto* const demands = leased.mutable_envelope()->mutable_demands();
  *demands->mutable_deliver_by() = rpc::ToProto(absl::Now() - absl::Seconds(1));
  demands->set_return_late(true);
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().enhanced_code(), "5.4.7");
  EXPECT_TRUE(queue_.completions[0].has_bounce());
  EXPECT_EQ(server_.connections, 0);
}

// SPEC Q3
TEST_F(WorkerDemandsTest, DeferredWithADeadline_ComesBackAtIt) {
  server_.abilities = {"DELIVERBY"};
  server_.script["RCPT"] = {"450 4.2.0 later"};
  auto leased = Leased("m.1", {"a@example.net"});
  auto* const demands = leased.mutable_envelope()->mutable_demands();
  *demands->mutable_deliver_by() = rpc::ToProto(absl::Now() + absl::Seconds(20));
  demands->set_return_late(true);
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_THAT(Kinds(queue_.completions[0]), ElementsAre(pb::OUTCOME_KIND_DEFERRED));
  EXPECT_LE(queue_.completions[0].retry_after().seconds(), 20);
}

// RFC 9422
TEST_F(WorkerDemandsTest, LimitsOfThePeer_AreKept) {
  server_.abilities = {"PIPELINING", "LIMITS RCPTMAX=2 MAILMAX=2"};
  queue_.Add(Leased("m.1", {"a@example.net", "b@example.net", "c@example.net", "d@example.net",
                            "e@example.net"}));
  RunUntil(1);
  EXPECT_THAT(server_.delivered, SizeIs(3));
  EXPECT_EQ(server_.connections, 2);
}

// RFC 8689
TEST_F(WorkerDemandsTest, RequiredTls_IsNotFound_NothingIsSent) {
  dns_.mx["example.net"] = {{10, "one.test"}, {20, "two.test"}};
  dns_.SetAddresses("one.test", {"127.0.0.1"});
  dns_.SetAddresses("two.test", {"127.0.0.1"});
  server_.abilities = {"REQUIRETLS"};
  auto leased = Leased("m.1", {"a@example.net"});
  leased.mutable_envelope()->mutable_demands()->set_require_tls(true);
  queue_.Add(leased);
  RunUntil(1);
  EXPECT_EQ(server_.connections, 2);
  EXPECT_THAT(server_.delivered, SizeIs(0));
  EXPECT_EQ(queue_.completions[0].outcomes(0).reply().enhanced_code(), "5.7.10");
  EXPECT_TRUE(queue_.completions[0].bounce().envelope().demands().require_tls());
}

}  // namespace
}  // namespace staffetta::delivery
