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

// SPEC S6
TEST(SessionLimits, HoldAtNAndRefuseNPlusOne) {
  SessionLimits limits(3, 2);
  std::unique_ptr<SessionLimits::Ticket> a, b, c, d;
  EXPECT_EQ(limits.Enter("192.0.2.1", &a), SessionLimits::Answer::kAdmitted);
  EXPECT_EQ(limits.Enter("192.0.2.1", &b), SessionLimits::Answer::kAdmitted);
  EXPECT_EQ(limits.Enter("192.0.2.1", &c), SessionLimits::Answer::kTooManyOfAddress);
  EXPECT_EQ(limits.Enter("192.0.2.2", &c), SessionLimits::Answer::kAdmitted);
  EXPECT_EQ(limits.Enter("192.0.2.3", &d), SessionLimits::Answer::kTooMany);
  a.reset();
  EXPECT_EQ(limits.Enter("192.0.2.1", &d), SessionLimits::Answer::kAdmitted);
  EXPECT_EQ(limits.total(), 3);
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
