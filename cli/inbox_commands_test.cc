#include "cli/cli_fixture.h"
#include "staffetta/delivery/v1/delivery.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::delivery::v1;
using testing::HasSubstr;

constexpr char kContent[] = "Subject: hi\r\n\r\nA line with \x01 and no end";

class FakeInbox final : public pb::InboxService::Service {
 public:
  grpc::Status ListMessages(grpc::ServerContext* context, const pb::ListMessagesRequest* request,
                            pb::ListMessagesResponse* response) override {
    response->set_total(2);
    auto* message = response->add_messages();
    message->set_number(request->page_token().empty() ? 2 : 1);
    message->set_subject("h\ni");
    message->add_recipients("bob@example.net");
    if (request->page_token().empty()) response->set_next_page_token("more");
    return CheckKey(*context);
  }

  grpc::Status GetMessage(grpc::ServerContext* context, const pb::GetMessageRequest*,
                          pb::GetMessageResponse* response) override {
    response->mutable_message()->set_content(kContent);
    return CheckKey(*context);
  }

  grpc::Status ClearMessages(grpc::ServerContext* context, const pb::ClearMessagesRequest*,
                             pb::ClearMessagesResponse* response) override {
    response->set_removed(2);
    return CheckKey(*context);
  }
};

class InboxCommandsTest : public CliTest {
 protected:
  InboxCommandsTest() { Serve({&inbox_}); }

  FakeInbox inbox_;
};

TEST_F(InboxCommandsTest, List_IsATableWithoutControlCharacters) {
  EXPECT_EQ(Call({"inbox", "list", "--account", "1"}).out,
            "NUMBER  CAPTURED  SIZE  SENDER  RECIPIENTS       SUBJECT\n"
            "2       -         0     <>      bob@example.net  h\\x0ai\n"
            "1       -         0     <>      bob@example.net  h\\x0ai\n");
}

TEST_F(InboxCommandsTest, ListWithLimit_SaysHowManyThereAre) {
  EXPECT_THAT(Call({"inbox", "list", "--account", "1", "--limit", "1"}).out,
              HasSubstr("1 of 2; see them all with --limit 0.\n"));
}

TEST_F(InboxCommandsTest, Show_PrintsTheMessageByteForByte) {
  EXPECT_EQ(Call({"inbox", "show", "--account", "1", "2"}).out, kContent);
}

TEST_F(InboxCommandsTest, Clear_SaysHowManyItRemoved) {
  EXPECT_EQ(Call({"inbox", "clear", "--account", "1"}).out, "Removed 2.\n");
}

}  // namespace
}  // namespace staffetta::cli
