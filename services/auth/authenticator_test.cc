#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/server_fixture.h"

namespace staffetta::auth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using AuthenticatorTest = ServerTest;

// SPEC U3, U8: neither Redis, nor another call, nor an event has the password; nor has the edge the
// note.
TEST_F(AuthenticatorTest, Password_IsNowhereButInTheAnswerThatMadeIt) {
  CreateAccount();
  const std::string first = CreateActive("s1_0");
  const std::string second = Regenerate("s1_0");
  EXPECT_NE(first, second);
  const auto answer = Authenticate("s1_0", second);
  EXPECT_EQ(answer.verdict(), v1::AUTH_VERDICT_OK);
  EXPECT_THAT(answer.SerializeAsString(), Not(HasSubstr("a secret note")));
  std::string seen = Get("s1_0")->SerializeAsString() + List({})->SerializeAsString();
  for (const std::string& detail : events_.details()) seen += detail;
  const std::string keys = redis_.Raw("KEYS *");
  EXPECT_THAT(keys, HasSubstr("auth:{a}:user:s1_0"));
  seen += keys;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(keys, "\r\n"))) {
    if (line.find('{') != std::string::npos) seen += redis_.Raw("DUMP " + line);
  }
  // DUMP compresses long strings: the fields of hashes are read as they are, too.
  seen += redis_.Raw("HGETALL auth:{a}:user:s1_0");
  EXPECT_THAT(seen, HasSubstr("SCRAM-SHA-256$4096:"));
  EXPECT_THAT(seen, AllOf(Not(HasSubstr(first)), Not(HasSubstr(second))));
}

// SPEC S3: by text and by work alike.
TEST_F(AuthenticatorTest, UnknownUserAndWrongPassword_AreNotToldApart) {
  CreateAccount();
  CreateActive("s1_0");
  const auto measure = [this](const std::string& user) {
    const int64_t before = Derivations();
    const std::string answer = Authenticate(user, "wrong").SerializeAsString();
    return std::pair(Derivations() - before, answer);
  };
  const auto wrong = measure("s1_0");
  EXPECT_EQ(wrong.first, 1);
  for (const char* user : {"s1_1", "root", "S1_0"}) {
    EXPECT_EQ(measure(user), wrong) << user;
  }
  EXPECT_TRUE(Delete("s1_0").ok());
  EXPECT_EQ(measure("s1_0"), wrong);
}

TEST_F(AuthenticatorTest, RightPasswordAgain_SparesTheDerivation) {
  CreateAccount();
  const std::string password = CreateActive("s1_0");
  const int64_t before = Derivations();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_OK);
  EXPECT_EQ(Derivations() - before, 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(VerdictOn("s1_0", "wrong"), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  }
  EXPECT_EQ(Derivations() - before, 3);
}

// SPEC U4
TEST_F(AuthenticatorTest, RegeneratedPassword_StopsTheOldOneAtOnceOnEveryReplica) {
  CreateAccount();
  const auto second = NewReplica();
  std::string password = CreateActive("s1_0");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_OK);
    EXPECT_EQ(VerdictOn("s1_0", password, second.get()), v1::AUTH_VERDICT_OK);
    const std::string old = std::exchange(password, Regenerate("s1_0"));
    EXPECT_EQ(VerdictOn("s1_0", old, second.get()), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
    EXPECT_EQ(VerdictOn("s1_0", old), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
    EXPECT_EQ(VerdictOn("s1_0", password, second.get()), v1::AUTH_VERDICT_OK);
  }
}

// SPEC U5, U6, S3
TEST_F(AuthenticatorTest, InactiveAndBlocked_AreToldToTheRightPasswordOnly) {
  CreateAccount("sandbox");
  const std::string password = CreateActive("s1_0");
  const auto ok = Authenticate("s1_0", password);
  EXPECT_EQ(ok.verdict(), v1::AUTH_VERDICT_OK);
  EXPECT_EQ(ok.identity().account_id(), 1u);
  EXPECT_EQ(ok.identity().user(), "s1_0");
  EXPECT_EQ(ok.identity().priority(), 3);
  EXPECT_EQ(ok.identity().channel(), "sandbox");

  ASSERT_TRUE(Deactivate("s1_0", "not needed").ok());
  const auto inactive = Authenticate("s1_0", password);
  EXPECT_EQ(inactive.verdict(), v1::AUTH_VERDICT_INACTIVE);
  EXPECT_FALSE(inactive.has_identity());
  EXPECT_EQ(VerdictOn("s1_0", "wrong"), v1::AUTH_VERDICT_WRONG_CREDENTIALS);

  EXPECT_EQ(Block("s1_0", "").status().code(), Code::kInvalidArgument);
  ASSERT_TRUE(Block("s1_0", "spam").ok());
  EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_BLOCKED);
  EXPECT_EQ(VerdictOn("s1_0", "wrong"), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  EXPECT_EQ(Get("s1_0")->user().block_reason(), "spam");
  const auto refused = Activate("s1_0");
  EXPECT_EQ(refused.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(refused.status().ToString(), HasSubstr("spam"));

  ASSERT_TRUE(Deactivate("s1_0").ok());
  EXPECT_EQ(Get("s1_0")->user().block_reason(), "");
  ASSERT_TRUE(Activate("s1_0").ok());
  EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_OK);
}

// SPEC U9
TEST_F(AuthenticatorTest, ApiOnlyUser_CannotSubmitBySmtp) {
  CreateAccount();
  const std::string password = CreateActive("s1_0");
  v1::User user;
  user.set_user("s1_0");
  user.set_type(v1::USER_TYPE_API);
  user.add_open_networks("192.0.2.0/24");
  ASSERT_TRUE(Update(user, {"type", "open_networks"}).ok());
  EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_INACTIVE);
  EXPECT_EQ(Identify("192.0.2.1").verdict(), v1::AUTH_VERDICT_NO_NETWORK);
}

// SPEC U10
TEST_F(AuthenticatorTest, OpenNetwork_IdentifiesItsActiveUserOnEveryReplica) {
  CreateAccount();
  const auto second = NewReplica();
  CreateActive("s1_0");
  EXPECT_EQ(Identify("192.0.2.9").verdict(), v1::AUTH_VERDICT_NO_NETWORK);
  EXPECT_EQ(Identify("192.0.2.9", second.get()).verdict(), v1::AUTH_VERDICT_NO_NETWORK);
  v1::WatchUsersRequest watch;
  Watch changes = second->client().Read(second->executor(), &Auth::Async::WatchUsers, watch);
  ASSERT_TRUE(second->Wait(changes.Next()).ok());
  v1::User user;
  user.set_user("s1_0");
  user.add_open_networks("192.0.2.0/24");
  ASSERT_TRUE(Update(user, {"open_networks"}).ok());
  ASSERT_TRUE(second->Wait(changes.Next()).ok());
  for (const char* address : {"192.0.2.9", "::ffff:192.0.2.9"}) {
    const auto found = Identify(address, second.get());
    EXPECT_EQ(found.verdict(), v1::AUTH_VERDICT_OK) << address;
    EXPECT_EQ(found.identity().user(), "s1_0");
  }
  EXPECT_EQ(Identify("192.0.3.9", second.get()).verdict(), v1::AUTH_VERDICT_NO_NETWORK);
  ASSERT_TRUE(Deactivate("s1_0").ok());
  EXPECT_EQ(Identify("192.0.2.9", second.get()).verdict(), v1::AUTH_VERDICT_NO_NETWORK);
  EXPECT_EQ(Identify("192.0.2.9").verdict(), v1::AUTH_VERDICT_NO_NETWORK);
}

// SPEC U4, U11
TEST_F(AuthenticatorTest, Watchers_HearOfChangesOnOtherReplicas) {
  CreateAccount();
  CreateActive("s1_0");
  const auto second = NewReplica();
  Watch changes =
      second->client().Read(second->executor(), &Auth::Async::WatchUsers, v1::WatchUsersRequest());
  const auto first = second->Wait(changes.Next());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(first->users(), IsEmpty());
  Regenerate("s1_0");
  EXPECT_THAT(second->Wait(changes.Next())->users(), ElementsAre("s1_0"));
  ASSERT_TRUE(Block("s1_0", "spam").ok());
  EXPECT_THAT(second->Wait(changes.Next())->users(), ElementsAre("s1_0"));
  ASSERT_TRUE(Delete("s1_0").ok());
  EXPECT_THAT(second->Wait(changes.Next())->users(), ElementsAre("s1_0"));
}

TEST_F(AuthenticatorTest, GapInTheSubscription_EndsWatches) {
  Watch changes = replica_->client().Read(replica_->executor(), &Auth::Async::WatchUsers,
                                          v1::WatchUsersRequest());
  ASSERT_TRUE(replica_->Wait(changes.Next()).ok());
  redis_.Raw("CLIENT KILL TYPE pubsub");
  EXPECT_EQ(replica_->Wait(changes.Next()).status().code(), Code::kUnavailable);
}

TEST_F(AuthenticatorTest, RedisDown_IsUnavailableNotAVerdict) {
  CreateAccount();
  const std::string password = CreateActive("s1_0");
  EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_OK);
  redis_.Kill();
  v1::AuthenticateRequest request;
  request.set_user("s1_0");
  request.set_password(password);
  EXPECT_EQ(replica_->Call(&Auth::Async::Authenticate, request).status().code(),
            Code::kUnavailable);
  v1::IdentifyNetworkRequest network;
  network.set_client_address("192.0.2.1");
  EXPECT_EQ(replica_->Call(&Auth::Async::IdentifyNetwork, network).status().code(),
            Code::kUnavailable);
}

}  // namespace
}  // namespace staffetta::auth
