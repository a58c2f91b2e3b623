#include "auth/credential_cache.h"

#include <gtest/gtest.h>

namespace staffetta::auth {
namespace {

class CredentialCacheTest : public testing::Test {
 protected:
  FakeClock clock_;
  CredentialCache cache_{absl::Seconds(30), 2, &clock_};
  const Verifier verifier_ = MakeVerifier("secret", "salt", 1);
};

TEST_F(CredentialCacheTest, Entry_LivesForItsTime) {
  const std::string key = cache_.KeyOf("s1_0", "secret", verifier_);
  EXPECT_FALSE(cache_.Knows(key));
  cache_.Remember(key);
  clock_.Advance(absl::Seconds(30) - absl::Nanoseconds(1));
  EXPECT_TRUE(cache_.Knows(key));
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_FALSE(cache_.Knows(key));
  EXPECT_EQ(cache_.size(), 0u);
}

// SPEC U4
TEST_F(CredentialCacheTest, NewVerifier_IsAnotherKey) {
  cache_.Remember(cache_.KeyOf("s1_0", "secret", verifier_));
  EXPECT_FALSE(cache_.Knows(cache_.KeyOf("s1_0", "secret", MakeVerifier("other", "salt", 1))));
}

TEST_F(CredentialCacheTest, UserAndPassword_CannotRunIntoEachOther) {
  EXPECT_NE(cache_.KeyOf("s1_0", "1secret", verifier_), cache_.KeyOf("s1_01", "secret", verifier_));
}

TEST_F(CredentialCacheTest, Key_DoesNotHoldThePassword) {
  EXPECT_EQ(cache_.KeyOf("s1_0", "secret", verifier_).find("secret"), std::string::npos);
  CredentialCache other(absl::Seconds(30), 2, &clock_);
  EXPECT_NE(cache_.KeyOf("s1_0", "secret", verifier_), other.KeyOf("s1_0", "secret", verifier_));
}

TEST_F(CredentialCacheTest, Full_ForgetsTheOldest) {
  for (const char* key : {"a", "b", "c"}) cache_.Remember(key);
  EXPECT_FALSE(cache_.Knows("a"));
  EXPECT_TRUE(cache_.Knows("b"));
  EXPECT_TRUE(cache_.Knows("c"));
}

TEST_F(CredentialCacheTest, NoTime_RemembersNothing) {
  CredentialCache cache(absl::ZeroDuration(), 2, &clock_);
  cache.Remember("a");
  EXPECT_FALSE(cache.Knows("a"));
}

}  // namespace
}  // namespace staffetta::auth
