#include "cli/cli_fixture.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::auth::v1;

class FakeAuth final : public pb::AuthService::Service {
 public:
  grpc::Status CreateAccount(grpc::ServerContext* context, const pb::CreateAccountRequest* request,
                             pb::CreateAccountResponse* response) override {
    auto* account = response->mutable_account();
    account->set_account_id(7);
    account->set_name(request->name());
    account->set_channel(request->channel().empty() ? "shared" : request->channel());
    return CheckKey(*context);
  }

  grpc::Status ListAccounts(grpc::ServerContext* context, const pb::ListAccountsRequest*,
                            pb::ListAccountsResponse* response) override {
    for (const int number : {1, 12}) {
      auto* account = response->add_accounts();
      account->set_account_id(number);
      account->set_name("Città " + std::to_string(number));
      account->set_channel("sandbox");
    }
    return CheckKey(*context);
  }
};

class AccountCommandsTest : public CliTest {
 protected:
  AccountCommandsTest() { Serve({&auth_}); }

  FakeAuth auth_;
};

TEST_F(AccountCommandsTest, Create_PrintsTheNumber) {
  const Outcome outcome = Call({"accounts", "create", "Città di Prato", "--channel", "sandbox"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "Account:  7\n"
            "Name:     Città di Prato\n"
            "Channel:  sandbox\n");
}

TEST_F(AccountCommandsTest, NameThatIsACommand_IsAName) {
  EXPECT_THAT(Call({"accounts", "create", "list"}).out, testing::HasSubstr("Name:     list\n"));
}

TEST_F(AccountCommandsTest, List_AlignsColumns) {
  EXPECT_EQ(Call({"accounts", "list"}).out,
            "ACCOUNT  CHANNEL  NAME\n"
            "1        sandbox  Città 1\n"
            "12       sandbox  Città 12\n");
}

TEST_F(AccountCommandsTest, Json_IsOneObjectOnOneLine) {
  const Outcome outcome = Call({"accounts", "create", "A", "--json"});
  EXPECT_EQ(outcome.out,
            "{\"account\":{\"account_id\":\"7\",\"name\":\"A\",\"channel\":\"shared\"}}\n");
}

}  // namespace
}  // namespace staffetta::cli
