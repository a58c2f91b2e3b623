#include <google/protobuf/util/time_util.h>

#include <cstdlib>

#include "cli/cli_fixture.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::auth::v1;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

pb::User MakeUser(const std::string& name, pb::UserStatus status) {
  pb::User user;
  user.set_user(name);
  user.set_account_id(1);
  user.set_status(status);
  user.set_type(pb::USER_TYPE_SMTP_AND_API);
  user.set_priority(3);
  user.set_note("web \x1b[31mshop");
  user.add_senders("example.com");
  user.add_senders("ann@example.org");
  user.mutable_caps()->set_sessions(3);
  google::protobuf::util::TimeUtil::FromString("2026-01-31T23:59:59.7Z",
                                               user.mutable_update_time());
  return user;
}

// Keeps what it was last asked.
class FakeAuth final : public pb::AuthService::Service {
 public:
  grpc::Status CreateUser(grpc::ServerContext* context, const pb::CreateUserRequest* request,
                          pb::CreateUserResponse* response) override {
    create = *request;
    *response->mutable_user() = MakeUser("s1_3", pb::USER_STATUS_INACTIVE);
    response->set_password("the-password");
    return CheckKey(*context);
  }

  // One user a page, two in all.
  grpc::Status ListUsers(grpc::ServerContext* context, const pb::ListUsersRequest* request,
                         pb::ListUsersResponse* response) override {
    list = *request;
    const bool is_first = request->page_token().empty();
    *response->add_users() = MakeUser(is_first ? "s1_0" : "s1_1", pb::USER_STATUS_ACTIVE);
    if (is_first) response->set_next_page_token("more");
    return CheckKey(*context);
  }

  grpc::Status GetUser(grpc::ServerContext* context, const pb::GetUserRequest* request,
                       pb::GetUserResponse* response) override {
    if (request->user() == "s9_9") return {grpc::StatusCode::NOT_FOUND, "no user s9_9"};
    if (request->user() == "down") return {grpc::StatusCode::UNAVAILABLE, "the store is away"};
    *response->mutable_user() = MakeUser(request->user(), pb::USER_STATUS_ACTIVE);
    return CheckKey(*context);
  }

  grpc::Status UpdateUser(grpc::ServerContext* context, const pb::UpdateUserRequest* request,
                          pb::UpdateUserResponse* response) override {
    update = *request;
    *response->mutable_user() = MakeUser(request->user().user(), pb::USER_STATUS_ACTIVE);
    return CheckKey(*context);
  }

  grpc::Status ActivateUser(grpc::ServerContext* context, const pb::ActivateUserRequest* request,
                            pb::ActivateUserResponse* response) override {
    *response->mutable_user() = MakeUser(request->user(), pb::USER_STATUS_ACTIVE);
    return CheckKey(*context);
  }

  grpc::Status DeactivateUser(grpc::ServerContext* context,
                              const pb::DeactivateUserRequest* request,
                              pb::DeactivateUserResponse* response) override {
    reason = request->reason();
    *response->mutable_user() = MakeUser(request->user(), pb::USER_STATUS_INACTIVE);
    return CheckKey(*context);
  }

  grpc::Status BlockUser(grpc::ServerContext* context, const pb::BlockUserRequest* request,
                         pb::BlockUserResponse* response) override {
    *response->mutable_user() = MakeUser(request->user(), pb::USER_STATUS_BLOCKED);
    response->mutable_user()->set_block_reason(request->reason());
    return CheckKey(*context);
  }

  grpc::Status RegeneratePassword(grpc::ServerContext* context,
                                  const pb::RegeneratePasswordRequest*,
                                  pb::RegeneratePasswordResponse* response) override {
    response->set_password("the-next-password");
    return CheckKey(*context);
  }

  grpc::Status DeleteUser(grpc::ServerContext* context, const pb::DeleteUserRequest*,
                          pb::DeleteUserResponse*) override {
    return CheckKey(*context);
  }

  pb::CreateUserRequest create;
  pb::ListUsersRequest list;
  pb::UpdateUserRequest update;
  std::string reason;
};

class UserCommandsTest : public CliTest {
 protected:
  UserCommandsTest() { Serve({&auth_}); }

  FakeAuth auth_;
};

TEST_F(UserCommandsTest, Create_PrintsThePasswordAndThatItIsShownOnce) {
  const Outcome outcome = Call({"users", "create", "--account", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(
      outcome.out,
      "User:      s1_3\n"
      "Password:  the-password\n"
      "Keep the password now: it is shown this once and stored nowhere, only what checks it.\n"
      "It may not submit yet: staffetta users activate s1_3\n");
}

TEST_F(UserCommandsTest, Create_SendsAllThatWasSaid) {
  Call({"users",
        "create",
        "--account",
        "1",
        "--list",
        "4",
        "--type",
        "both",
        "--priority",
        "2",
        "--note",
        "shop",
        "--sender",
        "example.com",
        "--sender",
        "ann@example.org",
        "--network",
        "192.0.2.0/24",
        "--auth-network",
        "10.0.0.0/8",
        "--messages-per-day",
        "500",
        "--message-size",
        "1000000"});
  EXPECT_EQ(auth_.create.ShortDebugString(),
            "account_id: 1 list_id: 4 type: USER_TYPE_SMTP_AND_API priority: 2 note: \"shop\" "
            "senders: \"example.com\" senders: \"ann@example.org\" "
            "open_networks: \"192.0.2.0/24\" auth_networks: \"10.0.0.0/8\" "
            "caps { messages_per_day: 500 message_size: 1000000 }");
}

TEST_F(UserCommandsTest, List_GathersAllPages) {
  const Outcome outcome = Call({"users", "list", "--account", "1", "--status", "active"});
  EXPECT_EQ(
      outcome.out,
      "USER  ACCOUNT  LIST  STATUS  TYPE  PRIORITY  LAST UPDATE           NOTE\n"
      "s1_0  1        0     active  both  3         2026-01-31T23:59:59Z  web \\x1b[31mshop\n"
      "s1_1  1        0     active  both  3         2026-01-31T23:59:59Z  web \\x1b[31mshop\n");
  EXPECT_EQ(auth_.list.status(), pb::USER_STATUS_ACTIVE);
  EXPECT_THAT(Call({"users", "list", "--json"}).out, HasSubstr("\"next_page_token\":\"\""));
}

TEST_F(UserCommandsTest, Show_PrintsEachField) {
  EXPECT_EQ(Call({"users", "show", "s1_0"}).out,
            "User:           s1_0\n"
            "Account:        1\n"
            "List:           0\n"
            "Status:         active\n"
            "Type:           both\n"
            "Priority:       3\n"
            "Senders:        example.com, ann@example.org\n"
            "Open networks:  -\n"
            "AUTH networks:  -\n"
            "Caps:           sessions 3\n"
            "Note:           web \\x1b[31mshop\n"
            "Last update:    2026-01-31T23:59:59Z\n");
}

TEST_F(UserCommandsTest, Update_NamesTheFieldsThatWereSaid) {
  EXPECT_EQ(Call({"users", "update", "s1_0", "--note", "", "--no-networks"}).code, 0);
  EXPECT_EQ(auth_.update.ShortDebugString(),
            "user { user: \"s1_0\" } update_mask { paths: \"note\" paths: \"open_networks\" }");
  EXPECT_EQ(Call({"users", "update", "s1_0", "--sender", "example.net"}).code, 0);
  EXPECT_EQ(auth_.update.ShortDebugString(),
            "user { user: \"s1_0\" senders: \"example.net\" } update_mask { paths: \"senders\" }");
  EXPECT_EQ(Call({"users", "update", "s1_0", "--sessions", "0", "--no-auth-networks"}).code, 0);
  EXPECT_THAT(auth_.update.update_mask().paths(),
              UnorderedElementsAre("auth_networks", "caps.sessions"));
  EXPECT_EQ(Call({"users", "update", "s1_0", "--sessions", "-1"}).code, 2);
}

TEST_F(UserCommandsTest, UpdateOfNothing_IsNotSent) {
  const Outcome outcome = Call({"users", "update", "s1_0"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nothing to change"));
  EXPECT_FALSE(auth_.update.has_user());
}

TEST_F(UserCommandsTest, ChangesOfStatus_PrintTheUser) {
  EXPECT_THAT(Call({"users", "activate", "s1_0"}).out, HasSubstr("Status:         active\n"));
  EXPECT_THAT(Call({"users", "deactivate", "s1_0", "--reason", "gone"}).out,
              HasSubstr("inactive\n"));
  EXPECT_EQ(auth_.reason, "gone");
  EXPECT_THAT(Call({"users", "block", "s1_0", "--reason", "spam"}).out,
              HasSubstr("Blocked because:  spam\n"));
}

TEST_F(UserCommandsTest, BlockWithoutReason_IsUsage) {
  EXPECT_EQ(Call({"users", "block", "s1_0"}).code, 2);
}

TEST_F(UserCommandsTest, RegeneratePassword_PrintsItOnce) {
  const Outcome outcome = Call({"users", "regenerate-password", "s1_0"});
  EXPECT_THAT(outcome.out, HasSubstr("Password:  the-next-password\nKeep the password now"));
  EXPECT_EQ(Call({"users", "regenerate-password", "s1_0", "--json"}).out,
            "{\"password\":\"the-next-password\"}\n");
}

TEST_F(UserCommandsTest, Delete_SaysSo) {
  EXPECT_EQ(Call({"users", "delete", "s1_0"}).out,
            "s1_0 is deleted; its name is not given again.\n");
}

TEST_F(UserCommandsTest, Refusal_IsPrintedAsItIs) {
  const Outcome outcome = Call({"users", "show", "s9_9"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "no user s9_9\n");
  EXPECT_EQ(outcome.out, "");
}

TEST_F(UserCommandsTest, ServiceThatCannotAnswer_IsNotTakenForOneThatIsDown) {
  const Outcome outcome = Call({"users", "show", "down"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "the store is away\n");
}

TEST_F(UserCommandsTest, WrongKey_IsNamedByItsSourceAndNotShown) {
  const std::string wrong = "zyxwvutsrqponmlkjihgfedcba";
  Write(data() + "/other.key", wrong);
  const Outcome file = Call({"users", "show", "s1_0", "--key-file", data() + "/other.key"});
  EXPECT_EQ(file.code, 1);
  EXPECT_THAT(file.err, HasSubstr("the key of the file " + data() + "/other.key"));
  EXPECT_THAT(file.err, Not(HasSubstr(wrong)));

  setenv("STAFFETTA_KEY", wrong.c_str(), 1);
  const Outcome environment = Call({"users", "show", "s1_0"});
  EXPECT_EQ(environment.code, 1);
  EXPECT_THAT(environment.err, HasSubstr("the environment variable STAFFETTA_KEY"));
  EXPECT_THAT(environment.err, Not(HasSubstr(wrong)));
}

}  // namespace
}  // namespace staffetta::cli
