#include "policy/server_fixture.h"

#include <gtest/gtest.h>

namespace staffetta::policy {
namespace {

using Code = absl::StatusCode;

class CheckerTest : public ServerTest {
 protected:
  void Allow(const std::string& user, const std::string& domain) {
    ASSERT_TRUE(Add(domain).ok());
    ASSERT_TRUE(Verify(domain, true).ok());
    ASSERT_TRUE(SetUser(user, {domain}).ok());
  }
};

// SPEC V1, V6
TEST_F(CheckerTest, EveryAddress_MustBeAuthorisedAndVerified) {
  Allow("s1_0", "example.com");
  EXPECT_EQ(Check("s1_0", {"Ann@Example.com", "bob@example.com"}).verdict(), v1::SENDER_VERDICT_OK);
  const auto refused = Check("s1_0", {"ann@example.com", "Eve@Example.org"});
  EXPECT_EQ(refused.verdict(), v1::SENDER_VERDICT_NOT_AUTHORISED);
  EXPECT_EQ(refused.offending_address(), "Eve@Example.org");
  for (const char* junk : {"", "example.com", "ann@", "<ann@example.com>", "ann@[192.0.2.1]"}) {
    EXPECT_EQ(Check("s1_0", {junk}).verdict(), v1::SENDER_VERDICT_NOT_AUTHORISED) << junk;
  }
  ASSERT_TRUE(SetUser("s1_1", {"example.org"}).ok());
  EXPECT_EQ(Check("s1_1", {"eve@example.org"}).verdict(), v1::SENDER_VERDICT_NOT_VERIFIED);
  v1::CheckSenderRequest none;
  EXPECT_EQ(replica_->Call(&Policy::Async::CheckSender, none).status().code(),
            Code::kInvalidArgument);
}

// SPEC V1: a change on one replica counts on the other as soon as it is heard of.
TEST_F(CheckerTest, RemovedSender_IsRefusedByOtherReplicasToo) {
  Allow("s1_0", "example.com");
  const auto second = NewReplica();
  EXPECT_EQ(Check("s1_0", {"a@example.com"}, second.get()).verdict(), v1::SENDER_VERDICT_OK);
  EXPECT_EQ(Check("s1_0", {"a@example.com"}).verdict(), v1::SENDER_VERDICT_OK);
  ASSERT_TRUE(Remove("example.com").ok());
  EXPECT_NE(Check("s1_0", {"a@example.com"}).verdict(), v1::SENDER_VERDICT_OK);
  const absl::Time until = absl::Now() + absl::Seconds(5);
  while (Check("s1_0", {"a@example.com"}, second.get()).verdict() == v1::SENDER_VERDICT_OK) {
    ASSERT_LT(absl::Now(), until);
  }
}

TEST_F(CheckerTest, RedisGone_IsUnavailableThoughTheRightsWereInMemory) {
  Allow("s1_0", "example.com");
  EXPECT_EQ(Check("s1_0", {"a@example.com"}).verdict(), v1::SENDER_VERDICT_OK);
  redis_.Kill();
  v1::CheckSenderRequest request;
  request.set_account_id(1);
  request.set_user("s1_0");
  request.add_addresses("a@example.com");
  // Until the loss is noticed the answer is still that of the last moment; it cannot last.
  const absl::Time until = absl::Now() + absl::Seconds(5);
  while (replica_->Call(&Policy::Async::CheckSender, request).ok()) ASSERT_LT(absl::Now(), until);
  EXPECT_EQ(replica_->Call(&Policy::Async::CheckSender, request).status().code(),
            Code::kUnavailable);
}

// SPEC V7, E1
TEST_F(CheckerTest, Refusals_AreToldOfAtOnceThenTogether) {
  Server::Options options;
  options.refusal_window = absl::Hours(1);
  Restart(options);
  for (int i = 0; i < 5; ++i) Check("s1_0", {"eve@example.org"});
  Check("s1_0", {"mal@example.org"});
  auto events = events_.Await(events::v1::EVENT_TYPE_SENDER_REFUSED, 2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].refused_address(), "eve@example.org");
  EXPECT_EQ(events[0].count(), 1);
  EXPECT_EQ(events[0].envelope().account_id(), 1u);
  EXPECT_EQ(events[0].envelope().user(), "s1_0");
  EXPECT_EQ(events[0].envelope().client_address(), "192.0.2.1");
  EXPECT_EQ(events[0].envelope().subject(), "Hello");
  EXPECT_EQ(events[1].refused_address(), "mal@example.org");
  Restart();  // ends the windows
  events = events_.Await(events::v1::EVENT_TYPE_SENDER_REFUSED, 3);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[2].refused_address(), "eve@example.org");
  EXPECT_EQ(events[2].count(), 4);
}

TEST_F(CheckerTest, WindowsEnd_TellsOfTheRest) {
  Server::Options options;
  options.refusal_window = absl::Milliseconds(100);
  Restart(options);
  for (int i = 0; i < 3; ++i) Check("s1_0", {"eve@example.org"});
  int64_t told = 0;
  for (size_t n = 2; told < 3; ++n) {
    told = 0;
    for (const auto& event : events_.Await(events::v1::EVENT_TYPE_SENDER_REFUSED, n)) {
      told += event.count();
    }
    ASSERT_LT(n, 4u);
  }
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace staffetta::policy
