#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/cli_fixture.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::queue::v1;
using testing::HasSubstr;
using testing::Not;

// Holds 150 deliveries and hands out at most 60 a page, and `surplus` more than were asked for.
class FakeQueue final : public pb::QueueService::Service {
 public:
  static constexpr int kDeliveries = 150;
  static constexpr int kPage = 60;

  grpc::Status GetStats(grpc::ServerContext* context, const pb::GetStatsRequest*,
                        pb::GetStatsResponse* response) override {
    for (int class_number = 1; class_number <= 2; ++class_number) {
      auto* stats = response->add_classes();
      stats->set_class_(class_number);
      stats->set_ready(class_number * 10);
    }
    response->set_due_later(3);
    response->set_messages(33);
    return CheckKey(*context);
  }

  grpc::Status ListDeliveries(grpc::ServerContext* context,
                              const pb::ListDeliveriesRequest* request,
                              pb::ListDeliveriesResponse* response) override {
    int next = 0;
    if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &next)) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "bad page token"};
    }
    const int end = std::min({next + request->page_size() + surplus, next + kPage, kDeliveries});
    for (; next < end; ++next) *response->add_deliveries() = Delivery(next);
    if (end < kDeliveries) response->set_next_page_token(absl::StrCat(end));
    return CheckKey(*context);
  }

  grpc::Status GetQueuedMessage(grpc::ServerContext* context, const pb::GetQueuedMessageRequest*,
                                pb::GetQueuedMessageResponse* response) override {
    *response->add_deliveries() = Delivery(0);
    *response->add_deliveries() = Delivery(1);
    response->mutable_deliveries(1)->set_state(pb::DELIVERY_STATE_LEASED);
    return CheckKey(*context);
  }

  int surplus = 0;

 private:
  static pb::QueuedDelivery Delivery(int number) {
    pb::QueuedDelivery delivery;
    delivery.set_delivery_id(absl::StrCat("m.", number));
    delivery.set_state(pb::DELIVERY_STATE_DUE_LATER);
    delivery.set_class_(2);
    delivery.set_attempts(1);
    delivery.mutable_accept_time()->set_seconds(1'700'000'000);
    delivery.mutable_due_time()->set_seconds(1'700'000'060);
    delivery.add_recipients("bob@example.net");
    auto* reply = delivery.mutable_last_reply();
    reply->set_code(451);
    reply->set_enhanced_code("4.3.0");
    reply->set_text("try\nagain");
    reply->set_host("mx.example.net [192.0.2.1]");
    return delivery;
  }
};

class QueueCommandsTest : public CliTest {
 protected:
  QueueCommandsTest() { Serve({&queue_}); }

  static int Lines(const std::string& text) {
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  FakeQueue queue_;
};

TEST_F(QueueCommandsTest, Stats_CountsByClassAndState) {
  EXPECT_EQ(Call({"queue", "stats"}).out,
            "Messages:          33\n"
            "Ready, class 1:    10\n"
            "Ready, class 2:    20\n"
            "Due later:         3\n"
            "Leased:            0\n"
            "Paused:            0\n"
            "Set aside:         0\n"
            "Expired:           0\n"
            "Throttled scopes:  0\n"
            "Holds:             0\n"
            "Last asked:        -\n");
}

TEST_F(QueueCommandsTest, List_EndsAtTheLimitAndSaysThatThereAreMore) {
  const Outcome some = Call({"queue", "list"});
  EXPECT_EQ(Lines(some.out), 1 + 100 + 1);
  EXPECT_THAT(some.out, HasSubstr("There are more"));
  EXPECT_THAT(some.out,
              HasSubstr("m.99      due-later  2      1         2023-11-14T22:13:20Z  "
                        "2023-11-14T22:14:20Z  <>      bob@example.net  451 4.3.0 try again "
                        "(mx.example.net [192.0.2.1])\n"));
}

TEST_F(QueueCommandsTest, ListWithoutLimit_HasAll) {
  const Outcome all = Call({"queue", "list", "--limit", "0"});
  EXPECT_EQ(Lines(all.out), 1 + FakeQueue::kDeliveries);
  EXPECT_THAT(all.out, Not(HasSubstr("There are more")));
  EXPECT_EQ(Lines(Call({"queue", "list", "--limit", "0", "--json"}).out), 1);
}

// A page is of about the size that was asked for.
TEST_F(QueueCommandsTest, ListWithALargerPage_EndsAllTheSame) {
  queue_.surplus = 3;
  const Outcome some = Call({"queue", "list", "--limit", "2"});
  EXPECT_EQ(Lines(some.out), 1 + 5 + 1);
  EXPECT_THAT(some.out, HasSubstr("There are more"));
}

TEST_F(QueueCommandsTest, Show_PrintsEachDelivery) {
  const Outcome outcome = Call({"queue", "show", "m"});
  EXPECT_THAT(outcome.out, HasSubstr("Delivery:    m.0\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n\nDelivery:    m.1\n"));
}

// The contract has one time for both.
TEST_F(QueueCommandsTest, EndOfALease_IsNotWhenADeliveryIsDue) {
  const std::string out = Call({"queue", "show", "m"}).out;
  EXPECT_THAT(out, HasSubstr("Due:         2023-11-14T22:14:20Z\n"));
  EXPECT_THAT(out, HasSubstr("Lease ends:  2023-11-14T22:14:20Z\n"));
  EXPECT_THAT(Call({"queue", "list"}).out, HasSubstr("  DUE OR LEASE ENDS     SENDER"));
}

}  // namespace
}  // namespace staffetta::cli
