#include "gateway/remote_fixture.h"

namespace staffetta::gateway {
namespace {

using RemoteAuthenticatorTest = RemoteBackendsTest;

TEST_F(RemoteAuthenticatorTest, RightPassword_GivesTheIdentity) {
  const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->verdict, AuthVerdict::kOk);
  const Identity expected{.account_id = 1,
                          .list_id = 2,
                          .user = "s1_0",
                          .priority = 4,
                          .channel = "shared",
                          .revision = 1,
                          .caps = {.messages_per_hour = 7, .message_size = int64_t{1} << 40}};
  EXPECT_EQ(answer->identity, expected);
}

// SPEC S3
TEST_F(RemoteAuthenticatorTest, ScramAndTokens_GiveIdentitySignatureAndDelay) {
  const auto parameters = Get(authenticator_->GetScramParameters("s1_0"));
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(parameters->salt, "salt");
  EXPECT_EQ(parameters->iterations, 4096);
  EXPECT_FALSE(Get(authenticator_->GetScramParameters("s1_1")).ok()) << "an answer without a salt";
  const auto proven = Get(authenticator_->AuthenticateScram("s1_0", "said", "proof", kClient));
  ASSERT_TRUE(proven.ok()) << proven.status();
  EXPECT_EQ(proven->verdict, AuthVerdict::kOk);
  EXPECT_EQ(proven->identity.user, "s1_0");
  EXPECT_EQ(proven->server_signature, "signature");
  EXPECT_EQ(proven->delay, absl::Milliseconds(250));
  const auto shown = Get(authenticator_->AuthenticateToken("", "token", kClient));
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->verdict, AuthVerdict::kOk);
}

// SPEC U10
TEST_F(RemoteAuthenticatorTest, MessageOverACap_SaysSo) {
  const auto allowance = Get(authenticator_->CountMessage({.caps = {.messages_per_hour = 7}}));
  ASSERT_TRUE(allowance.ok()) << allowance.status();
  EXPECT_EQ(allowance->most, 7);
  EXPECT_EQ(allowance->window, "hour");
  EXPECT_EQ(allowance->retry_after, absl::Minutes(1));
}

// SPEC S3
TEST_F(RemoteAuthenticatorTest, EveryVerdict_IsTranslated) {
  const struct {
    auth_pb::AuthVerdict from;
    AuthVerdict to;
  } kRows[] = {
      {auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS, AuthVerdict::kWrongCredentials},
      {auth_pb::AUTH_VERDICT_INACTIVE, AuthVerdict::kInactive},
      {auth_pb::AUTH_VERDICT_BLOCKED, AuthVerdict::kBlocked},
      {auth_pb::AUTH_VERDICT_NO_NETWORK, AuthVerdict::kNoNetwork},
      {auth_pb::AUTH_VERDICT_TOO_MANY_FAILURES, AuthVerdict::kTooManyFailures},
  };
  for (const auto& row : kRows) {
    auth_.verdict = row.from;
    const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->verdict, row.to);
  }
}

// SPEC U4
TEST_F(RemoteAuthenticatorTest, RightLogin_IsRememberedForASecondOrUntilSomebodyChanges) {
  runtime_.Block(StartWatching());
  ASSERT_TRUE(ChangesPass(0)) << "the stream begins";
  const auto log_in = [this](const char* password) {
    return Get(authenticator_->Authenticate("s1_0", password, kClient))->verdict;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(log_in("secret"), AuthVerdict::kOk);
  EXPECT_EQ(auth_.login_calls, 1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(log_in("secret"), AuthVerdict::kOk);
  EXPECT_EQ(auth_.login_calls, 2);

  const uint64_t before = authenticator_->Changes();
  auth_.verdict = auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS;
  EXPECT_EQ(log_in("other"), AuthVerdict::kWrongCredentials);
  EXPECT_FALSE(Get(authenticator_->Authenticate("s1_0", "secret", "192.0.2.99")).ok())
      << "the service is asked about another address";
  runtime_.Block(auth_.Announce("s1_0"));
  ASSERT_TRUE(ChangesPass(before));
  EXPECT_EQ(log_in("secret"), AuthVerdict::kWrongCredentials);
}

TEST_F(RemoteAuthenticatorTest, UnknownNetwork_IsRememberedForAWhile) {
  for (int i = 0; i < 3; ++i) {
    const auto answer = Get(authenticator_->IdentifyNetwork(kClient));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->verdict, AuthVerdict::kNoNetwork);
  }
  EXPECT_EQ(auth_.network_calls, 1);
  clock_.Advance(absl::Seconds(31));
  EXPECT_TRUE(Get(authenticator_->IdentifyNetwork(kClient)).ok());
  EXPECT_EQ(auth_.network_calls, 2);
}

// SPEC U4
TEST_F(RemoteAuthenticatorTest, ChangeOfUser_EndsItsIdentity) {
  runtime_.Block(StartWatching());
  ASSERT_TRUE(ChangesPass(0)) << "the stream begins";
  const uint64_t since = authenticator_->Changes();
  const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(Get(authenticator_->IdentifyNetwork(kClient)).ok());

  auth_.revision = 2;
  runtime_.Block(auth_.Announce("s1_9"));
  ASSERT_TRUE(ChangesPass(since));
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), true);
  EXPECT_EQ(auth_.identity_calls, 0) << "another user's change costs no call";

  const uint64_t before = authenticator_->Changes();
  runtime_.Block(auth_.Announce("s1_0"));
  ASSERT_TRUE(ChangesPass(before));
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), false);
  EXPECT_TRUE(Get(authenticator_->IdentifyNetwork(kClient)).ok());
  EXPECT_EQ(auth_.network_calls, 2) << "networks are forgotten on a change";
}

// SPEC U4
TEST_F(RemoteAuthenticatorTest, EndOfTheStream_MakesEverybodyAskAgain) {
  runtime_.Block(StartWatching());
  ASSERT_TRUE(ChangesPass(0));
  const uint64_t since = authenticator_->Changes();
  const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
  ASSERT_TRUE(answer.ok());
  runtime_.Block(auth_.Announce(""));
  ASSERT_TRUE(ChangesPass(since)) << "the end";
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), true);
  EXPECT_EQ(auth_.identity_calls, 1);
  EXPECT_TRUE(ChangesPass(since + 1)) << "a new beginning";
  auth_.verdict = auth_pb::AUTH_VERDICT_INACTIVE;
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), false);
}

}  // namespace
}  // namespace staffetta::gateway
