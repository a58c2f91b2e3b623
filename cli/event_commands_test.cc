#include <absl/strings/str_cat.h>
#include <signal.h>

#include <algorithm>

#include "cli/cli_fixture.h"
#include "staffetta/events/v1/events.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::events::v1;
using testing::HasSubstr;

class FakeEvents final : public pb::EventsService::Service {
 public:
  grpc::Status WatchEvents(grpc::ServerContext* context, const pb::WatchEventsRequest* request,
                           grpc::ServerWriter<pb::WatchEventsResponse>* writer) override {
    watch = *request;
    if (request->cursor() == "interrupt") {
      raise(SIGINT);
      return grpc::Status::OK;
    }
    pb::WatchEventsResponse response;
    for (int number = 1; number <= 2; ++number) {
      pb::Event* event = response.add_events();
      event->set_event_id(absl::StrCat("1700000000000-", number));
      event->mutable_time()->set_seconds(1'700'000'000);
      event->set_type(number == 1 ? pb::EVENT_TYPE_DELIVERED : pb::EVENT_TYPE_SENDER_REFUSED);
      event->set_message_id(number == 1 ? "06fbz3k0v1t9s2m8q4xw00" : "");
      event->mutable_envelope()->set_sender("ann@example.com");
    }
    response.mutable_events(0)->add_recipients("bob@example.net");
    response.mutable_events(0)->mutable_reply()->set_code(250);
    response.mutable_events(1)->set_refused_address("eve@example.org");
    response.mutable_events(1)->set_count(3);
    response.set_cursor("1700000000000-2,0-0.1");
    writer->Write(response);
    if (request->cursor() == "lost") return {grpc::StatusCode::UNAVAILABLE, "going away"};
    return CheckKey(*context);
  }

  grpc::Status GetStatistics(grpc::ServerContext* context, const pb::GetStatisticsRequest* request,
                             pb::GetStatisticsResponse* response) override {
    statistics = *request;
    if (request->has_start_time() && request->start_time().seconds() < 1'000'000'000) {
      return {grpc::StatusCode::INVALID_ARGUMENT,
              "start_time, end_time: need 0…10 hours between them"};
    }
    for (int hour = 0; hour < 2; ++hour) {
      auto* counts = response->add_hours();
      counts->mutable_hour()->set_seconds(1'699'999'200 + hour * 3600);
      (*counts->mutable_counts())[hour == 0 ? "delivered" : "failed"] = 5;
    }
    return CheckKey(*context);
  }

  pb::WatchEventsRequest watch;
  pb::GetStatisticsRequest statistics;
};

class EventCommandsTest : public CliTest {
 protected:
  EventCommandsTest() { Serve({&events_}); }

  FakeEvents events_;
};

TEST_F(EventCommandsTest, Watch_PrintsALineForEachEvent) {
  const Outcome outcome = Call({"events", "watch"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "1700000000000-1    2023-11-14T22:13:20Z  delivered       06fbz3k0v1t9s2m8q4xw00  "
            "<ann@example.com>; to bob@example.net; 250\n"
            "1700000000000-2    2023-11-14T22:13:20Z  sender-refused  -                       "
            "<ann@example.com>; as eve@example.org; 3 times\n");
}

TEST_F(EventCommandsTest, WatchAsJson_PrintsAnObjectForEachEvent) {
  const Outcome outcome = Call({"events", "watch", "--json"});
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2);
  EXPECT_THAT(outcome.out, testing::StartsWith("{\"event_id\":\"1700000000000-1\","));
  EXPECT_THAT(outcome.out, HasSubstr("\n{\"event_id\":\"1700000000000-2\","));
}

TEST_F(EventCommandsTest, Watch_SendsTheFilter) {
  Call({"events", "watch", "--from", "0", "--account", "4", "--type", "failed", "--type",
        "sender-refused", "--message", "m", "--until-now"});
  EXPECT_EQ(events_.watch.ShortDebugString(),
            "cursor: \"0\" filter { account_id: 4 types: EVENT_TYPE_FAILED "
            "types: EVENT_TYPE_SENDER_REFUSED message_id: \"m\" } until_now: true");
}

TEST_F(EventCommandsTest, WatchOfAnUnknownType_IsUsage) {
  EXPECT_EQ(Call({"events", "watch", "--type", "lost"}).code, 2);
}

TEST_F(EventCommandsTest, WatchThatIsCut_SaysWhereToGoOn) {
  const Outcome outcome = Call({"events", "watch", "--from", "lost"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "going away; go on behind the last event with --from 1700000000000-2,0-0.1\n");
}

TEST_F(EventCommandsTest, InterruptedWatch_ExitsWith130) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(Call({"events", "watch", "--from", "interrupt"}), testing::ExitedWithCode(130), "");
}

TEST_F(EventCommandsTest, Stats_HaveAColumnForEachCounter) {
  EXPECT_EQ(Call({"stats", "show", "--account", "1"}).out,
            "HOUR                  DELIVERED  FAILED\n"
            "2023-11-14T22:00:00Z  5          0\n"
            "2023-11-14T23:00:00Z  0          5\n");
  EXPECT_FALSE(events_.statistics.has_start_time());
}

TEST_F(EventCommandsTest, Stats_TakeARangeOfTimes) {
  EXPECT_EQ(Call({"stats", "show", "--account", "1", "--from", "2023-11-14T22:13:20Z"}).code, 0);
  EXPECT_EQ(events_.statistics.start_time().seconds(), 1'700'000'000);
  EXPECT_EQ(Call({"stats", "show", "--account", "1", "--to", "yesterday"}).code, 2);
}

TEST_F(EventCommandsTest, StatsOfARangeThatIsNone_NameTheOption) {
  EXPECT_EQ(Call({"stats", "show", "--account", "1", "--from", "9999-01-01T00:00:00Z"}).err,
            "--from: lies in the future\n");
  EXPECT_EQ(Call({"stats", "show", "--account", "1", "--from", "2023-11-14T22:13:20Z", "--to",
                  "2023-11-13T22:13:20Z"})
                .err,
            "--from: is later than --to\n");
  EXPECT_EQ(Call({"stats", "show", "--account", "1", "--from", "1990-01-01T00:00:00Z"}).err,
            "--from, --to: need 0…10 hours between them\n");
}

}  // namespace
}  // namespace staffetta::cli
