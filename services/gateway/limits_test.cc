// What the sessions of all threads share.

#include <gtest/gtest.h>

#include "gateway/answer_cache.h"
#include "gateway/backends.h"
#include "gateway/memory.h"
#include "gateway/session_limits.h"
#include "gateway/user_ledger.h"

namespace staffetta::gateway {
namespace {

// SPEC S6
TEST(MemoryBudget, HoldsNButNotNPlusOne) {
  MemoryBudget budget(100);
  MemoryBudget::Reservation first(&budget);
  EXPECT_TRUE(first.GrowTo(60));
  {
    MemoryBudget::Reservation second(&budget);
    EXPECT_FALSE(second.GrowTo(41));
    EXPECT_TRUE(second.GrowTo(40));
    EXPECT_EQ(budget.used(), 100);
    EXPECT_FALSE(first.GrowTo(61));
  }
  EXPECT_EQ(budget.used(), 60);
  EXPECT_TRUE(first.GrowTo(50)) << "never shrinks";
  EXPECT_EQ(budget.used(), 60);
  first.Release();
  EXPECT_EQ(budget.used(), 0);
}

class SessionLimitsTest : public testing::Test {
 protected:
  // null: refused, and nothing is counted.
  std::unique_ptr<SessionLimits::Place> Enter(const std::string& address) {
    auto place = limits_.Enter();
    return place && place->SetAddress(address) ? std::move(place) : nullptr;
  }

  SessionLimits limits_{{.in_all = 3, .per_address = 2, .per_user = 1}};
};

// SPEC S6
TEST_F(SessionLimitsTest, NInAllAreAdmittedAndNotOneMore) {
  const auto a = limits_.Enter();
  const auto b = limits_.Enter();
  auto c = limits_.Enter();
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(limits_.Enter(), nullptr);
  c.reset();
  EXPECT_NE(limits_.Enter(), nullptr);
  EXPECT_EQ(limits_.total(), 2);
}

// SPEC S6
TEST_F(SessionLimitsTest, NOfAnAddressAreAdmittedAndNotOneMore) {
  auto a = Enter("192.0.2.1");
  const auto b = Enter("192.0.2.1");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(Enter("192.0.2.1"), nullptr);
  EXPECT_NE(Enter("192.0.2.2"), nullptr);
  a.reset();
  EXPECT_NE(Enter("192.0.2.1"), nullptr);
}

// SPEC S6
TEST_F(SessionLimitsTest, NOfAUserAreAdmittedAndNotOneMore) {
  auto a = limits_.Enter();
  const auto b = limits_.Enter();
  EXPECT_TRUE(a->SetUser("s1_0"));
  EXPECT_TRUE(a->SetUser("s1_0")) << "it is the same session";
  EXPECT_FALSE(b->SetUser("s1_0"));
  EXPECT_TRUE(b->SetUser("s1_1"));
  EXPECT_FALSE(b->SetUser("s1_0"));
  EXPECT_TRUE(a->SetUser(""));
  EXPECT_FALSE(a->SetUser("s1_1")) << "a refusal leaves it where it was";
  a.reset();
  EXPECT_TRUE(b->SetUser("s1_0"));
}

// SPEC S6 S7
// SPEC U10: a user's own cap counts when it is the smaller one.
TEST_F(SessionLimitsTest, NOfAUsersOwnCapAreAdmittedAndNotOneMore) {
  SessionLimits limits({.in_all = 4, .per_address = 4, .per_user = 2});
  const auto a = limits.Enter();
  const auto b = limits.Enter();
  const auto c = limits.Enter();
  EXPECT_TRUE(a->SetUser("s1_0", 1));
  EXPECT_FALSE(b->SetUser("s1_0", 1));
  EXPECT_TRUE(b->SetUser("s1_0", 9));
  EXPECT_FALSE(c->SetUser("s1_0", 9));
}

TEST_F(SessionLimitsTest, OtherAddress_FreesTheOneBefore) {
  const auto a = Enter("192.0.2.1");
  const auto b = Enter("192.0.2.1");
  EXPECT_TRUE(b->SetAddress("192.0.2.2"));
  EXPECT_NE(Enter("192.0.2.1"), nullptr);
}

// SPEC U4
TEST(UserLedger, Change_ConcernsThatUserOnly) {
  UserLedger ledger;
  const uint64_t before = ledger.count();
  ledger.Changed("s1_0");
  EXPECT_NE(ledger.count(), before);
  EXPECT_TRUE(ledger.MayHaveChanged("s1_0", before));
  EXPECT_FALSE(ledger.MayHaveChanged("s1_1", before));
  EXPECT_FALSE(ledger.MayHaveChanged("s1_0", ledger.count()));
}

TEST(UserLedger, Gap_ConcernsEverybodyFromBefore) {
  UserLedger ledger;
  const uint64_t before = ledger.count();
  ledger.Missed();
  EXPECT_TRUE(ledger.MayHaveChanged("s1_1", before));
  EXPECT_FALSE(ledger.MayHaveChanged("s1_1", ledger.count()));
}

TEST(AnswerCache, Answer_IsForgottenAtItsTimeAndOnClear) {
  AnswerCache<AuthAnswer> cache(absl::Seconds(30));
  const absl::Time start = absl::FromUnixSeconds(1'000);
  cache.Put("192.0.2.1", {AuthVerdict::kNoNetwork, {}}, start);
  ASSERT_TRUE(cache.Find("192.0.2.1", start + absl::Seconds(29)));
  EXPECT_EQ(cache.Find("192.0.2.1", start)->verdict, AuthVerdict::kNoNetwork);
  EXPECT_FALSE(cache.Find("192.0.2.1", start + absl::Seconds(30)));
  EXPECT_FALSE(cache.Find("192.0.2.2", start));
  cache.Clear();
  EXPECT_FALSE(cache.Find("192.0.2.1", start));
}

}  // namespace
}  // namespace staffetta::gateway
