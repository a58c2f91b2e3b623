#include "cli/cli_fixture.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::policy::v1;
using testing::HasSubstr;

pb::Sender MakeSender(uint64_t account, const std::string& name, pb::SenderState state) {
  pb::Sender sender;
  sender.set_account_id(account);
  sender.set_name(name);
  sender.set_state(state);
  sender.set_record_name("_staffetta." + name);
  sender.set_record_value("staffetta-verify=1234");
  return sender;
}

class FakePolicy final : public pb::PolicyService::Service {
 public:
  grpc::Status AddSender(grpc::ServerContext* context, const pb::AddSenderRequest* request,
                         pb::AddSenderResponse* response) override {
    *response->mutable_sender() =
        MakeSender(request->account_id(), request->name(), pb::SENDER_STATE_PENDING);
    return CheckKey(*context);
  }

  grpc::Status ListSenders(grpc::ServerContext* context, const pb::ListSendersRequest* request,
                           pb::ListSendersResponse* response) override {
    *response->add_senders() =
        MakeSender(request->account_id(), "example.com", pb::SENDER_STATE_VERIFIED);
    return CheckKey(*context);
  }

  grpc::Status GetSender(grpc::ServerContext* context, const pb::GetSenderRequest* request,
                         pb::GetSenderResponse* response) override {
    *response->mutable_sender() =
        MakeSender(request->account_id(), request->name(), pb::SENDER_STATE_BANNED);
    response->mutable_sender()->set_detail("abuse");
    return CheckKey(*context);
  }

  grpc::Status VerifySender(grpc::ServerContext* context, const pb::VerifySenderRequest* request,
                            pb::VerifySenderResponse* response) override {
    const auto state = request->by_operator() ? pb::SENDER_STATE_VERIFIED : pb::SENDER_STATE_FAILED;
    *response->mutable_sender() = MakeSender(request->account_id(), request->name(), state);
    return CheckKey(*context);
  }

  grpc::Status RemoveSender(grpc::ServerContext* context, const pb::RemoveSenderRequest*,
                            pb::RemoveSenderResponse*) override {
    return CheckKey(*context);
  }
};

class SenderCommandsTest : public CliTest {
 protected:
  SenderCommandsTest() { Serve({&policy_}); }

  FakePolicy policy_;
};

TEST_F(SenderCommandsTest, Add_PrintsTheProofToPublish) {
  EXPECT_EQ(Call({"senders", "add", "--account", "2", "example.com"}).out,
            "Sender:       example.com\n"
            "Account:      2\n"
            "State:        pending\n"
            "Proof:        _staffetta.example.com TXT \"staffetta-verify=1234\"\n"
            "Last update:  -\n");
}

TEST_F(SenderCommandsTest, List_IsATable) {
  EXPECT_EQ(Call({"senders", "list", "--account", "2"}).out,
            "SENDER       STATE     VERIFIED BY  LAST UPDATE  DETAIL\n"
            "example.com  verified  -            -            -\n");
}

TEST_F(SenderCommandsTest, Show_SaysWhyItIsBanned) {
  EXPECT_THAT(Call({"senders", "show", "--account", "2", "example.com"}).out,
              HasSubstr("State:        banned\nDetail:       abuse\n"));
}

TEST_F(SenderCommandsTest, Verify_TakesTheOperatorsWordOnlyWhenGiven) {
  EXPECT_THAT(Call({"senders", "verify", "--account", "2", "example.com"}).out,
              HasSubstr("failed\n"));
  EXPECT_THAT(Call({"senders", "verify", "--by-operator", "--account", "2", "example.com"}).out,
              HasSubstr("verified\n"));
}

TEST_F(SenderCommandsTest, Remove_SaysSo) {
  EXPECT_EQ(Call({"senders", "remove", "example.com", "--account", "2"}).out,
            "example.com is removed from account 2.\n");
  EXPECT_EQ(Call({"senders", "remove", "example.com", "--account", "2", "--json"}).out, "{}\n");
}

TEST_F(SenderCommandsTest, WithoutAccount_IsUsage) {
  const Outcome outcome = Call({"senders", "add", "example.com"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--account is required"));
}

}  // namespace
}  // namespace staffetta::cli
