#include "policy/policy_store.h"

#include <gtest/gtest.h>

#include "common/redis/test_redis.h"

namespace staffetta::policy {
namespace {

using Look = PolicyStore::Look;

class PolicyStoreTest : public testing::Test {
 protected:
  v1::Sender Verified() {
    v1::Sender sender;
    sender.set_account_id(1);
    sender.set_name("example.com");
    sender.set_state(v1::SENDER_STATE_VERIFIED);
    return sender;
  }
  // Stored, and due at once.
  void AddDue() {
    v1::Sender pending = Verified();
    pending.set_state(v1::SENDER_STATE_PENDING);
    std::vector<v1::Sender> senders{pending};
    ASSERT_TRUE(Wait(store_.AddSenders(1, senders)).ok());
    ASSERT_TRUE(*Wait(store_.Replace(pending, Verified(), absl::ZeroDuration())));
  }
  template <class T>
  T Wait(Co<T> coroutine) {
    return Await(context_, std::move(coroutine));
  }
  int64_t Postpone(Look look, absl::Duration by = absl::Hours(1)) {
    return *Wait(store_.Postpone({1, "example.com"}, by, look));
  }

  redis::TestRedis redis_;
  asio::io_context context_{1};
  redis::Client client_{context_.get_executor(), redis_.options()};
  PolicyStore store_{&client_};
};

// SPEC V2
TEST_F(PolicyStoreTest, OnlyConsecutiveMisses_AreCounted) {
  AddDue();
  EXPECT_EQ(Postpone(Look::kMissed), 1);
  EXPECT_EQ(Postpone(Look::kMissed), 2);
  Postpone(Look::kUnknown);  // a silent DNS neither counts nor forgives
  EXPECT_EQ(Postpone(Look::kMissed), 3);
  Postpone(Look::kFound);
  EXPECT_EQ(Postpone(Look::kMissed), 1);
}

TEST_F(PolicyStoreTest, DueDomain_IsGivenToOneReplicaUntilItsClaimLapses) {
  AddDue();
  const auto first = Wait(store_.TakeDue(absl::Minutes(10), 16));
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->due.size(), 1u);
  EXPECT_EQ(first->due[0].account_id, 1u);
  EXPECT_EQ(first->due[0].domain, "example.com");
  EXPECT_TRUE(Wait(store_.TakeDue(absl::Minutes(10), 16))->due.empty());
  Postpone(Look::kFound, absl::ZeroDuration());
  EXPECT_EQ(Wait(store_.TakeDue(absl::ZeroDuration(), 16))->due.size(), 1u);
  EXPECT_EQ(Wait(store_.TakeDue(absl::ZeroDuration(), 16))->due.size(), 1u);  // it lapsed
}

TEST_F(PolicyStoreTest, RemovedDomain_IsNotDueAnyMore) {
  AddDue();
  ASSERT_TRUE(Wait(store_.Remove(1, "example.com")).ok());
  EXPECT_EQ(Postpone(Look::kMissed, absl::ZeroDuration()), 0);
  EXPECT_TRUE(Wait(store_.TakeDue(absl::Minutes(10), 16))->due.empty());
}

TEST_F(PolicyStoreTest, ReplaceOfWhatWasChanged_ChangesNothing) {
  AddDue();
  v1::Sender stale = Verified();
  stale.set_detail("of yesterday");
  EXPECT_FALSE(*Wait(store_.Replace(stale, stale, std::nullopt)));
  EXPECT_EQ(Wait(store_.Load(1))->senders.at("example.com").detail(), "");
}

TEST_F(PolicyStoreTest, RemovedSender_LeavesTheRightsOfAllUsers) {
  AddDue();
  v1::Sender other = Verified();
  other.set_name("mail.example.com");
  std::vector<v1::Sender> both{Verified(), other};
  std::vector<v1::Sender> one{Verified()};
  ASSERT_TRUE(Wait(store_.SetUser(1, "s1_0", both)).ok());
  ASSERT_TRUE(Wait(store_.SetUser(1, "s1_1", one)).ok());
  ASSERT_TRUE(Wait(store_.Remove(1, "example.com")).ok());
  const auto rights = Wait(store_.Load(1));
  ASSERT_TRUE(rights.ok()) << rights.status();
  EXPECT_EQ(rights->users.at("s1_0"), std::set<std::string>{"mail.example.com"});
  EXPECT_FALSE(rights->users.contains("s1_1"));
}

}  // namespace
}  // namespace staffetta::policy
