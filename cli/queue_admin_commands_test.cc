#include <absl/strings/str_cat.h>

#include "cli/cli_fixture.h"
#include "staffetta/queue/v1/admin.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::queue::v1;
using testing::HasSubstr;

// Remembers what it was asked; changes come in two pages of three deliveries, and so does what is
// counted in a dry run.
class FakeQueueAdmin final : public pb::QueueAdminService::Service {
 public:
  grpc::Status ChangeDeliveries(grpc::ServerContext* context,
                                const pb::ChangeDeliveriesRequest* request,
                                pb::ChangeDeliveriesResponse* response) override {
    change = *request;
    response->set_matched(3);
    response->set_changed(3 - left_alone);
    if (left_alone > 0) {
      pb::LeftAlone* const left = response->add_left_alone();
      left->set_state(pb::DELIVERY_STATE_LEASED);
      left->set_deliveries(1);
    }
    if (left_alone > 1) {
      pb::LeftAlone* const left = response->add_left_alone();
      left->set_state(pb::DELIVERY_STATE_PAUSED);
      left->set_deliveries(left_alone - 1);
    }
    if (request->page_token().empty()) response->set_next_page_token("0.7");
    return CheckKey(*context);
  }
  grpc::Status Hold(grpc::ServerContext* context, const pb::HoldRequest* request,
                    pb::HoldResponse* response) override {
    hold = *request;
    Count(request->page_token(), response);
    return CheckKey(*context);
  }
  grpc::Status Release(grpc::ServerContext* context, const pb::ReleaseRequest* request,
                       pb::ReleaseResponse* response) override {
    release = *request;
    Count(request->page_token(), response);
    return CheckKey(*context);
  }
  grpc::Status ListHolds(grpc::ServerContext* context, const pb::ListHoldsRequest*,
                         pb::ListHoldsResponse* response) override {
    pb::HeldScope* const held = response->add_holds();
    held->set_scope("account:7");
    held->set_reason("unpaid");
    held->mutable_since()->set_seconds(1'700'000'000);
    return CheckKey(*context);
  }
  grpc::Status SetThrottle(grpc::ServerContext* context, const pb::SetThrottleRequest* request,
                           pb::SetThrottleResponse* response) override {
    throttle = request->throttle();
    if (throttle.messages() > 0) *response->mutable_throttle() = throttle;
    return CheckKey(*context);
  }
  grpc::Status ListThrottles(grpc::ServerContext* context, const pb::ListThrottlesRequest*,
                             pb::ListThrottlesResponse* response) override {
    pb::Throttle* const out = response->add_throttles();
    out->set_scope("destination:*");
    out->set_messages(30);
    out->mutable_per()->set_seconds(60);
    out->set_concurrency(3);
    return CheckKey(*context);
  }

  int left_alone = 1;
  pb::ChangeDeliveriesRequest change;
  pb::HoldRequest hold;
  pb::ReleaseRequest release;
  pb::Throttle throttle;

 private:
  template <class Response>
  static void Count(const std::string& page_token, Response* response) {
    response->set_deliveries(3);
    if (page_token.empty()) response->set_next_page_token("0.7");
  }
};

class QueueAdminCommandsTest : public CliTest {
 protected:
  QueueAdminCommandsTest() { Serve({&admin_}); }

  FakeQueueAdmin admin_;
};

// SPEC Q5
TEST_F(QueueAdminCommandsTest, Changes_GoOnUntilTheLastPageAndAreCounted) {
  const Outcome outcome = Call({"queue", "cancel", "--account", "7", "--class", "5", "--older-than",
                                "36h", "--reason", "stale"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "6 deliveries fit, 4 changed; left alone: 2 in a worker's hands.\n");
  EXPECT_EQ(admin_.change.change(), pb::DELIVERY_CHANGE_CANCEL);
  EXPECT_EQ(admin_.change.page_token(), "0.7");
  EXPECT_EQ(admin_.change.selector().account_id(), 7);
  EXPECT_EQ(admin_.change.selector().class_(), 5);
  EXPECT_EQ(admin_.change.selector().older_than().seconds(), 36 * 3600);
  EXPECT_EQ(admin_.change.reason(), "stale");
}

// SPEC Q5: list 0 is every account's default list.
TEST_F(QueueAdminCommandsTest, List0_IsAList) {
  Call({"queue", "cancel", "--account", "7", "--list", "0", "--dry-run"});
  EXPECT_TRUE(admin_.change.selector().has_list_id());
  EXPECT_EQ(admin_.change.selector().list_id(), 0);
  Call({"queue", "cancel", "--account", "7", "--dry-run"});
  EXPECT_FALSE(admin_.change.selector().has_list_id());
  EXPECT_THAT(Call({"queue", "cancel", "--list", "0"}).err, HasSubstr("--list requires --account"));
}

// SPEC Q5
TEST_F(QueueAdminCommandsTest, DueBefore_IsATime) {
  Call({"queue", "send-now", "--due-before", "2023-11-14T22:13:20Z", "--dry-run"});
  EXPECT_EQ(admin_.change.selector().due_before().seconds(), 1'700'000'000);
  EXPECT_THAT(Call({"queue", "send-now", "--due-before", "noon"}).err,
              HasSubstr("--due-before: want a time like 2026-01-31T23:00:00Z"));
}

TEST_F(QueueAdminCommandsTest, DryRun_SaysWhatWouldBe) {
  EXPECT_EQ(Call({"queue", "expire", "--state", "set-aside", "--dry-run"}).out,
            "6 deliveries fit, 4 would be changed; left alone: 2 in a worker's hands.\n");
  EXPECT_TRUE(admin_.change.dry_run());
  EXPECT_EQ(admin_.change.selector().state(), pb::DELIVERY_STATE_SET_ASIDE);
}

TEST_F(QueueAdminCommandsTest, ChangeOfNothing_SaysWhyAndFails) {
  admin_.left_alone = 3;
  const Outcome outcome = Call({"queue", "pause", "--account", "7"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out,
            "6 deliveries fit, 0 changed; left alone: 2 in a worker's hands, 4 already paused.\n");
  EXPECT_EQ(outcome.err, "nothing was changed\n");
  EXPECT_EQ(Call({"queue", "pause", "--account", "7", "--dry-run"}).code, 0);
}

TEST_F(QueueAdminCommandsTest, Reroute_NeedsAChannel) {
  EXPECT_NE(Call({"queue", "reroute", "--user", "s7_0"}).code, 0);
  Call({"queue", "reroute", "--user", "s7_0", "--to", "backup"});
  EXPECT_EQ(admin_.change.channel(), "backup");
}

TEST_F(QueueAdminCommandsTest, Holds_AreSetAndListed) {
  Call({"queue", "hold", "account:7", "--reason", "unpaid"});
  EXPECT_EQ(admin_.hold.scope(), "account:7");
  EXPECT_EQ(admin_.hold.reason(), "unpaid");
  EXPECT_THAT(Call({"queue", "holds"}).out, HasSubstr("account:7  2023-11-14T22:13:20Z  unpaid\n"));
}

// SPEC Q5
TEST_F(QueueAdminCommandsTest, DryRunOfAHold_SaysWhatItWouldTouch) {
  const Outcome hold = Call({"queue", "hold", "account:7", "--dry-run"});
  EXPECT_EQ(hold.code, 0);
  EXPECT_EQ(hold.out, "6 deliveries stand under account:7 now; nothing was changed.\n");
  EXPECT_TRUE(admin_.hold.dry_run());
  EXPECT_EQ(Call({"queue", "release", "account:7", "--dry-run"}).out, hold.out);
  EXPECT_TRUE(admin_.release.dry_run());
  EXPECT_THAT(Call({"queue", "release", "account:7", "--dry-run", "--json"}).out,
              HasSubstr("\"deliveries\":\"6\""));
  EXPECT_EQ(Call({"queue", "release", "account:7"}).out, "account:7 goes on.\n");
  EXPECT_FALSE(admin_.release.dry_run());
}

// SPEC Q4
TEST_F(QueueAdminCommandsTest, Throttles_AreReadAsTheyAreWritten) {
  Call({"queue", "throttle", "destination:*", "--rate", "30/1m", "--concurrency", "3"});
  EXPECT_EQ(admin_.throttle.messages(), 30);
  EXPECT_EQ(admin_.throttle.per().seconds(), 60);
  EXPECT_EQ(admin_.throttle.concurrency(), 3);
  EXPECT_EQ(
      Call({"queue", "throttle", "account:7", "--rate", "2/s", "--per-day", "500"}).out,
      "account:7: 2 messages in 1s, 2 at once after a quiet time, 500 recipients in 24 hours, "
      "any number in workers' hands at once.\n");
  EXPECT_EQ(admin_.throttle.per().seconds(), 1);
  EXPECT_EQ(Call({"queue", "throttle", "account:7", "--remove"}).out,
            "account:7 is not throttled any more.\n");
  EXPECT_THAT(Call({"queue", "throttles"}).out,
              HasSubstr("destination:*  30        1m   -      -                   3\n"));
}

TEST_F(QueueAdminCommandsTest, BadLimits_AreNamed) {
  EXPECT_THAT(Call({"queue", "throttle", "account:7", "--rate", "fast"}).err,
              HasSubstr("--rate: \"fast\" is not like 30/1m or 2/s"));
  EXPECT_THAT(Call({"queue", "throttle", "account:7"}).err, HasSubstr("give a limit"));
  EXPECT_THAT(Call({"queue", "pause", "--older-than", "long"}).err, HasSubstr("--older-than"));
}

}  // namespace
}  // namespace staffetta::cli
