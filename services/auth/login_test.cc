// SCRAM, tokens, networks and the slowing of guesses, by gRPC and with a real Redis.

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/scram_client.h"
#include "auth/server_fixture.h"
#include "common/base/log.h"
#include "common/rpc/times.h"

namespace staffetta::auth {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr char kHere[] = "192.0.2.1";
constexpr char kThere[] = "198.51.100.7";

Server::Options Quick() {
  Server::Options options;
  options.guard = {.free_failures = 3,
                   .forget_failure = absl::Hours(1),
                   .longest_delay = absl::Seconds(1),
                   .max_failures_per_source = 8,
                   .max_failures_per_user = 6,
                   .exempt = {*ParseNetwork("203.0.113.0/24")}};
  return options;
}

class LoginTest : public ServerTest {
 protected:
  LoginTest() : ServerTest(Quick()) { CreateAccount(); }

  v1::AuthenticateResponse From(const std::string& address, const std::string& user,
                                const std::string& password, Replica* replica = nullptr) {
    v1::AuthenticateRequest request;
    request.set_user(user);
    request.set_password(password);
    request.set_client_address(address);
    const auto response =
        (replica == nullptr ? replica_.get() : replica)->Call(&Auth::Async::Authenticate, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::AuthenticateResponse());
  }
  void Guess(int times, const std::string& address, const std::string& user) {
    for (int i = 0; i < times; ++i) From(address, user, "wrong");
  }
  v1::GetScramParametersResponse Parameters(const std::string& user) {
    v1::GetScramParametersRequest request;
    request.set_user(user);
    const auto response = replica_->Call(&Auth::Async::GetScramParameters, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::GetScramParametersResponse());
  }
  v1::AuthenticateScramResponse Scram(const std::string& user, const std::string& password,
                                      const std::string& address = kHere) {
    const auto parameters = Parameters(user);
    v1::AuthenticateScramRequest request;
    request.set_user(user);
    request.set_auth_message("what both have said");
    request.set_proof(
        ClientProof(password, parameters.salt(), parameters.iterations(), request.auth_message()));
    request.set_client_address(address);
    const auto response = replica_->Call(&Auth::Async::AuthenticateScram, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::AuthenticateScramResponse());
  }
};

// SPEC S3
TEST_F(LoginTest, ScramProof_OpensWithoutADerivationAndIsAnsweredWithOurs) {
  const std::string password = CreateActive("s1_0");
  const int64_t before = Derivations();
  const auto answer = Scram("s1_0", password);
  EXPECT_EQ(answer.verdict(), v1::AUTH_VERDICT_OK);
  EXPECT_EQ(answer.identity().user(), "s1_0");
  const auto parameters = Parameters("s1_0");
  const Verifier verifier = MakeVerifier(password, parameters.salt(), parameters.iterations());
  EXPECT_EQ(answer.server_signature(), ServerSignature(verifier, "what both have said"));
  EXPECT_EQ(Derivations() - before, 1) << "this test's own";
}

// SPEC S3: a wrong proof, an unknown user and a name that nobody can have, alike.
TEST_F(LoginTest, WrongScramProof_SaysNothingAboutTheUser) {
  const std::string password = CreateActive("s1_0");
  for (const char* user : {"s1_0", "s1_7", "s99_0", "root", ""}) {
    const auto answer = Scram(user, "wrong", "203.0.113.5");
    EXPECT_EQ(answer.verdict(), v1::AUTH_VERDICT_WRONG_CREDENTIALS) << user;
    EXPECT_EQ(answer.server_signature(), "") << user;
  }
  ASSERT_TRUE(Block("s1_0", "spam").ok());
  EXPECT_EQ(Scram("s1_0", password).verdict(), v1::AUTH_VERDICT_BLOCKED);
  EXPECT_EQ(Scram("s1_0", password).server_signature(), "");
}

// SPEC S3
TEST_F(LoginTest, Salt_StaysTheSameWhetherOrNotThereIsSuchAUser) {
  const auto ask = [this] { return Parameters("s1_0").SerializeAsString(); };
  const std::string unknown = ask();
  EXPECT_EQ(Parameters("s1_0").salt().size(), 16U);
  EXPECT_EQ(ask(), unknown);
  const std::string first = CreateActive("s1_0");
  EXPECT_EQ(ask(), unknown);
  EXPECT_NE(Regenerate("s1_0"), first);
  EXPECT_EQ(ask(), unknown);
  ASSERT_TRUE(Delete("s1_0").ok());
  EXPECT_EQ(ask(), unknown);
  replica_ = NewReplica();
  EXPECT_EQ(ask(), unknown) << "on another replica";
  EXPECT_NE(Parameters("s1_1").salt(), Parameters("s1_0").salt());
}

// SPEC S3: right and wrong passwords of whomever.
TEST_F(LoginTest, Guesses_AreDelayedMoreAndMoreAndThenNotLookedAt) {
  const std::string password = CreateActive("s1_0");
  const auto second = NewReplica();
  const auto delay = [&](const std::string& user) {
    return rpc::FromProto(From(kHere, user, "wrong", second.get()).delay());
  };
  std::vector<absl::Duration> delays;
  for (int i = 0; i < 8; ++i) delays.push_back(delay(absl::StrCat("s7_", i)));
  const absl::Duration none;
  EXPECT_THAT(delays, testing::ElementsAre(none, none, none, absl::Milliseconds(250),
                                           absl::Milliseconds(500), absl::Seconds(1),
                                           absl::Seconds(1), absl::Seconds(1)));
  const int64_t before = Derivations();
  EXPECT_EQ(From(kHere, "s1_0", password).verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  EXPECT_EQ(From(kHere, "s7_99", "wrong").verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  EXPECT_EQ(Scram("s1_0", password).verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  EXPECT_EQ(Derivations(), before);
  EXPECT_EQ(From(kThere, "s1_0", password).verdict(), v1::AUTH_VERDICT_OK);
}

// SPEC S3: the same for users that exist and that do not.
TEST_F(LoginTest, UserGuessedFromEverywhere_IsSlowedWhereItHasNotBeenBefore) {
  const std::string password = CreateActive("s1_0");
  EXPECT_EQ(From(kHere, "s1_0", password).verdict(), v1::AUTH_VERDICT_OK);
  for (const char* user : {"s1_0", "s5_5"}) {
    for (int i = 0; i < 6; ++i) {
      const auto answer = From(absl::StrCat("198.51.100.", 10 + i), user, "wrong");
      EXPECT_EQ(answer.verdict(), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
      EXPECT_EQ(answer.has_delay(), i >= 3) << user << " " << i;
    }
    EXPECT_EQ(From("198.51.100.99", user, "wrong").verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  }
  EXPECT_EQ(From("198.51.100.98", "s1_0", password).verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  const auto usual = From(kHere, "s1_0", password);
  EXPECT_EQ(usual.verdict(), v1::AUTH_VERDICT_OK) << "never locked out by others";
  EXPECT_FALSE(usual.has_delay());
  EXPECT_THAT(events_.details(), Contains(HasSubstr("logins of user s1_0 are slowed")));
}

TEST_F(LoginTest, NeighboursGuesses_DoNotSlowAUserThatLogsInFromThere) {
  const std::string password = CreateActive("s1_0");
  EXPECT_EQ(From(kHere, "s1_0", password).verdict(), v1::AUTH_VERDICT_OK);
  Guess(9, kHere, "s7_0");
  EXPECT_EQ(From(kHere, "s7_0", "wrong").verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  // Its own failures delay themselves only.
  Guess(9, kHere, "s1_0");
  const auto wrong = From(kHere, "s1_0", "wrong");
  EXPECT_EQ(wrong.verdict(), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  EXPECT_EQ(rpc::FromProto(wrong.delay()), absl::Seconds(1));
  const auto right = From(kHere, "s1_0", password);
  EXPECT_EQ(right.verdict(), v1::AUTH_VERDICT_OK);
  EXPECT_FALSE(right.has_delay());
}

TEST_F(LoginTest, ExemptNetworks_AreNotSlowed) {
  for (int i = 0; i < 12; ++i) {
    const auto answer = From("203.0.113.9", "s7_0", "wrong");
    EXPECT_EQ(answer.verdict(), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
    EXPECT_FALSE(answer.has_delay());
  }
}

TEST_F(LoginTest, NetworkOfAnIpv6Customer_IsOneSource) {
  for (int i = 0; i < 8; ++i) Guess(1, absl::StrCat("2001:db8::", i + 1), absl::StrCat("s7_", i));
  EXPECT_EQ(From("2001:db8::ffff", "s7_9", "wrong").verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  EXPECT_EQ(From("2001:db8:0:1::1", "s7_9", "wrong").verdict(), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
}

TEST_F(LoginTest, Failures_AreForgottenOneAfterTheOther) {
  for (int i = 0; i < 8; ++i) Guess(1, kHere, absl::StrCat("s7_", i));
  EXPECT_EQ(From(kHere, "s7_8", "wrong").verdict(), v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  // What time does: the keys' lives get shorter.
  redis_.Raw(absl::StrCat("PEXPIRE auth:{a}:failed_from:", kHere, " ",
                          absl::ToInt64Milliseconds(absl::Hours(3) + absl::Minutes(30))));
  EXPECT_EQ(rpc::FromProto(From(kHere, "s7_2", "wrong").delay()), absl::Milliseconds(500));
  redis_.Raw(absl::StrCat("DEL auth:{a}:failed_from:", kHere));
  EXPECT_FALSE(From(kHere, "s7_3", "wrong").has_delay());
}

// SPEC U10, S3
TEST_F(LoginTest, CredentialsLimitedToNetworks_AreWrongElsewhere) {
  const std::string password = CreateActive("s1_0");
  v1::User user;
  user.set_user("s1_0");
  user.add_auth_networks("192.0.2.0/24");
  user.add_auth_networks("2001:db8::/32");
  ASSERT_TRUE(Update(user, {"auth_networks"}).ok());
  EXPECT_EQ(From(kHere, "s1_0", password).verdict(), v1::AUTH_VERDICT_OK);
  EXPECT_EQ(From("2001:db8::1", "s1_0", password).verdict(), v1::AUTH_VERDICT_OK);
  EXPECT_EQ(Scram("s1_0", password, kHere).verdict(), v1::AUTH_VERDICT_OK);
  EXPECT_EQ(From(kThere, "s1_0", password).SerializeAsString(),
            From(kThere, "s1_0", "wrong").SerializeAsString());
  EXPECT_EQ(Scram("s1_0", password, kThere).verdict(), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  v1::GetIdentityRequest request;
  request.set_user("s1_0");
  request.set_client_address(kThere);
  EXPECT_EQ(replica_->Call(&Auth::Async::GetIdentity, request)->verdict(),
            v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  request.clear_client_address();
  EXPECT_EQ(replica_->Call(&Auth::Async::GetIdentity, request)->verdict(), v1::AUTH_VERDICT_OK);
}

// SPEC U10
TEST_F(LoginTest, Caps_TravelWithTheIdentityAndAreChangedOneByOne) {
  const std::string password = CreateActive("s1_0");
  v1::User user;
  user.set_user("s1_0");
  user.mutable_caps()->set_messages_per_day(100);
  user.mutable_caps()->set_sessions(2);
  ASSERT_TRUE(Update(user, {"caps"}).ok());
  user.mutable_caps()->set_message_size(1000);
  user.mutable_caps()->set_sessions(7);
  ASSERT_TRUE(Update(user, {"caps.message_size"}).ok());
  const v1::Caps caps = From(kHere, "s1_0", password).identity().caps();
  EXPECT_EQ(caps.messages_per_day(), 100);
  EXPECT_EQ(caps.message_size(), 1000);
  EXPECT_EQ(caps.sessions(), 2);
  user.mutable_caps()->set_messages_per_hour(-1);
  EXPECT_EQ(Update(user, {"caps.messages_per_hour"}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Update(user, {"caps.nothing"}).status().code(), Code::kInvalidArgument);
}

// SPEC U10
TEST_F(LoginTest, MessagesOverACap_AreNotCountedAndSayWhen) {
  const auto second = NewReplica();
  v1::CountMessageRequest request;
  request.set_user("s1_0");
  request.mutable_caps()->set_messages_per_hour(3);
  request.mutable_caps()->set_messages_per_day(5);
  const auto count = [&](Replica* replica) {
    const auto response = replica->Call(&Auth::Async::CountMessage, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::CountMessageResponse());
  };
  EXPECT_EQ(count(replica_.get()).most(), 0);
  EXPECT_EQ(count(second.get()).most(), 0);
  EXPECT_EQ(count(replica_.get()).most(), 0);
  const auto over = count(second.get());
  EXPECT_EQ(over.most(), 3);
  EXPECT_EQ(over.window(), "hour");
  EXPECT_GT(rpc::FromProto(over.retry_after()), absl::ZeroDuration());
  EXPECT_LE(rpc::FromProto(over.retry_after()), absl::Hours(1));
  request.mutable_caps()->set_messages_per_hour(0);
  EXPECT_EQ(count(replica_.get()).most(), 0) << "what was refused was not counted";
  EXPECT_EQ(count(replica_.get()).most(), 0);
  EXPECT_EQ(count(replica_.get()).window(), "day");
  request.set_user("s1_1");
  EXPECT_EQ(count(replica_.get()).most(), 0) << "another user";
  request.set_user("nobody there");
  EXPECT_EQ(replica_->Call(&Auth::Async::CountMessage, request).status().code(),
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace staffetta::auth
