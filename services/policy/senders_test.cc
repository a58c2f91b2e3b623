#include "policy/server_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staffetta::policy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Code = absl::StatusCode;
using SendersTest = ServerTest;

// SPEC V2
TEST_F(SendersTest, Domain_IsVerifiedByItsTxtRecord) {
  const auto added = Add("Example.COM");
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->name(), "example.com");
  EXPECT_EQ(added->state(), v1::SENDER_STATE_PENDING);
  EXPECT_EQ(added->record_name(), "_staffetta.example.com");
  EXPECT_THAT(added->record_value(), StartsWith("staffetta-verification="));
  EXPECT_THAT(added->detail(), HasSubstr(added->record_value()));
  EXPECT_EQ(Add("example.com")->record_value(), added->record_value());  // unchanged

  const auto missing = Verify("example.com");
  ASSERT_TRUE(missing.ok()) << missing.status();
  EXPECT_EQ(missing->state(), v1::SENDER_STATE_FAILED);
  EXPECT_THAT(missing->detail(), HasSubstr("no TXT record was found at _staffetta.example.com"));

  dns_->Restart("_staffetta.example.com. TXT \"staffetta-verification=wrong\"\n");
  Restart();
  const auto wrong = Verify("example.com");
  EXPECT_EQ(wrong->state(), v1::SENDER_STATE_FAILED);
  EXPECT_THAT(wrong->detail(), HasSubstr("only \"staffetta-verification=wrong\""));
  EXPECT_THAT(wrong->detail(), HasSubstr(added->record_value()));

  AddVerified("example.com");
  const auto now = Get("EXAMPLE.com");
  EXPECT_EQ(now->state(), v1::SENDER_STATE_VERIFIED);
  EXPECT_EQ(now->method(), "dns");
  EXPECT_EQ(Get("example.com", 2).status().code(), Code::kNotFound);  // of another account
}

// SPEC V2
TEST_F(SendersTest, SilentDns_IsUnavailableAndChangesNothing) {
  ASSERT_TRUE(Add("example.com").ok());
  dns_->Stop();
  EXPECT_EQ(Verify("example.com").status().code(), Code::kUnavailable);
  EXPECT_EQ(Get("example.com")->state(), v1::SENDER_STATE_PENDING);
}

// SPEC V3
TEST_F(SendersTest, Address_IsVerifiedByItsDomainOrTheOperator) {
  ASSERT_TRUE(Add("ann@example.com").ok());
  EXPECT_EQ(Verify("ann@example.com")->state(), v1::SENDER_STATE_PENDING);
  EXPECT_THAT(Verify("ann@example.com")->detail(), HasSubstr("operator"));
  ASSERT_TRUE(Add("example.com").ok());
  ASSERT_EQ(Verify("example.com", true)->method(), "operator");
  EXPECT_EQ(Get("ANN@example.com")->state(), v1::SENDER_STATE_VERIFIED);
  EXPECT_EQ(Get("ann@example.com")->method(), "domain");
  EXPECT_EQ(Add("bob@example.com")->state(), v1::SENDER_STATE_VERIFIED);
  ASSERT_TRUE(Add("eve@example.org").ok());
  EXPECT_EQ(Verify("eve@example.org", true)->state(), v1::SENDER_STATE_VERIFIED);
}

// SPEC V4
TEST_F(SendersTest, NewSenderOfAUser_IsAddedPending) {
  const auto set = SetUser("s1_0", {"example.com", "Ann@example.org", "example.com"});
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->senders_size(), 2);
  EXPECT_EQ(set->senders(0).name(), "ann@example.org");
  EXPECT_EQ(Get("example.com")->state(), v1::SENDER_STATE_PENDING);
  EXPECT_EQ(SetUser("s1_0", {"example.com", "*"}).status().code(), Code::kInvalidArgument);
  v1::GetUserSendersRequest request;
  request.set_account_id(1);
  request.set_user("s1_0");
  EXPECT_EQ(replica_->Call(&Policy::Async::GetUserSenders, request)->senders_size(), 2);
  ASSERT_TRUE(SetUser("s1_0", {}).ok());
  EXPECT_EQ(replica_->Call(&Policy::Async::GetUserSenders, request)->senders_size(), 0);
}

// SPEC U5
TEST_F(SendersTest, RemovingTheLastVerifiedSender_StopsItsUsersFirst) {
  for (const char* name : {"example.com", "example.org"}) {
    ASSERT_TRUE(Add(name).ok());
    ASSERT_TRUE(Verify(name, true).ok());
  }
  ASSERT_TRUE(SetUser("s1_0", {"example.com"}).ok());
  ASSERT_TRUE(SetUser("s1_1", {"example.com", "example.org"}).ok());
  ASSERT_TRUE(SetUser("s1_2", {"example.com"}).ok());
  auth_.Put("s1_0", auth::v1::USER_STATUS_ACTIVE);
  auth_.Put("s1_1", auth::v1::USER_STATUS_ACTIVE);
  auth_.Put("s1_2", auth::v1::USER_STATUS_BLOCKED);

  auth_.GoDown(true);
  EXPECT_EQ(Remove("example.com").code(), Code::kUnavailable);
  EXPECT_EQ(Get("example.com")->state(), v1::SENDER_STATE_VERIFIED);  // nothing was removed
  auth_.GoDown(false);
  EXPECT_TRUE(Remove("example.com").ok());
  EXPECT_EQ(auth_.StatusOf("s1_0"), auth::v1::USER_STATUS_INACTIVE);
  EXPECT_EQ(auth_.StatusOf("s1_1"), auth::v1::USER_STATUS_ACTIVE);
  EXPECT_EQ(auth_.StatusOf("s1_2"), auth::v1::USER_STATUS_BLOCKED);
  EXPECT_EQ(Get("example.com").status().code(), Code::kNotFound);
  EXPECT_EQ(Remove("example.com").code(), Code::kNotFound);
  ASSERT_TRUE(Add("example.com").ok());
  ASSERT_TRUE(Verify("example.com", true).ok());
  EXPECT_EQ(Check("s1_0", {"a@example.com"}).verdict(), v1::SENDER_VERDICT_NOT_AUTHORISED);
}

// SPEC V2, U5
TEST_F(SendersTest, ProofMissedThreeTimes_ExpiresTheDomainAndStopsItsUsers) {
  AddVerified("example.com");
  ASSERT_TRUE(SetUser("s1_0", {"example.com"}).ok());
  auth_.Put("s1_0", auth::v1::USER_STATUS_ACTIVE);
  dns_->Restart("");
  Server::Options options;
  options.recheck_every = absl::Milliseconds(20);
  Restart(options);
  ASSERT_EQ(redis_.Raw("ZADD policy:{s}:due 0 1/example.com"), ":0\r\n");  // a day has passed
  Restart(options);
  const auto events = events_.Await(events::v1::EVENT_TYPE_STATE_CHANGED, 2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_THAT(events[1].detail(), HasSubstr("sender example.com has expired: 3 looks"));
  EXPECT_EQ(events[1].envelope().account_id(), 1u);
  EXPECT_EQ(Get("example.com")->state(), v1::SENDER_STATE_EXPIRED);
  EXPECT_EQ(auth_.StatusOf("s1_0"), auth::v1::USER_STATUS_INACTIVE);
  EXPECT_EQ(Check("s1_0", {"a@example.com"}).verdict(), v1::SENDER_VERDICT_NOT_VERIFIED);
}

}  // namespace
}  // namespace staffetta::policy
