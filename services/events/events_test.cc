// The events service over gRPC, with a real Redis.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "common/base/runtime.h"
#include "common/redis/test_redis.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "events/serve.h"

namespace staffetta::events {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using EventsClient = rpc::Client<v1::EventsService>;

class EventsTest : public testing::Test {
 protected:
  EventsTest() { Serve({}); }
  void Serve(Server::Options options) {
    server_ = std::make_unique<Server>(runtime_.executor(0), options, redis_.options(), "key");
    host_ = *rpc::Host::Start("127.0.0.1:0", {server_->grpc_service()});
    client_ = std::make_unique<EventsClient>(
        rpc::LocalPeer(host_->InProcessChannel(), "key", absl::Seconds(60)));
    runtime_.Block(Start());
  }
  ~EventsTest() override { Stop(); }
  void Stop() {
    runtime_.Block(server_->Stop());
    host_->Shutdown(absl::Seconds(5));
  }
  Co<void> Start() { EXPECT_TRUE((co_await server_->Start()).ok()); }

  static v1::Event Make(v1::EventType type, std::string message_id, uint64_t account = 1) {
    v1::Event event;
    event.set_type(type);
    event.set_message_id(message_id);
    event.mutable_envelope()->set_account_id(account);
    event.add_recipients("bob@x.example");
    return event;
  }
  Co<void> DoPublish(std::vector<v1::Event> events) {
    v1::PublishRequest request;
    for (v1::Event& event : events) *request.add_events() = std::move(event);
    const auto published = co_await client_->Call(&EventsClient::Async::Publish, request);
    EXPECT_TRUE(published.ok()) << published.status();
  }
  void Publish(std::vector<v1::Event> events) { runtime_.Block(DoPublish(std::move(events))); }

  // Reads `most` events (0: to the stream's end) and then drops the call.
  Co<void> DoWatch(v1::WatchEventsRequest request, size_t most) {
    const Executor executor = co_await asio::this_coro::executor;
    auto reader = client_->Read(executor, &EventsClient::Async::WatchEvents, request);
    while (most == 0 || watched_.size() < most) {
      auto response = co_await reader.Next();
      if (!response.ok()) {
        end_ = response.status();
        co_return;
      }
      for (const v1::Event& event : response->events()) watched_.push_back(event);
      cursor_ = response->cursor();
    }
  }
  std::vector<std::string> Watch(v1::WatchEventsRequest request, size_t most = 0) {
    watched_.clear();
    runtime_.Block(DoWatch(std::move(request), most));
    std::vector<std::string> ids;
    for (const v1::Event& event : watched_) ids.push_back(event.message_id());
    return ids;
  }
  static v1::WatchEventsRequest UntilNow(const std::string& cursor) {
    v1::WatchEventsRequest request;
    request.set_cursor(cursor);
    request.set_until_now(true);
    return request;
  }

  Co<void> DoStatistics(absl::StatusOr<v1::GetStatisticsResponse>* result) {
    v1::GetStatisticsRequest request;
    request.set_account_id(1);
    *result = co_await client_->Call(&EventsClient::Async::GetStatistics, request);
  }

  redis::TestRedis redis_;
  Runtime runtime_{2};
  std::unique_ptr<Server> server_;
  std::unique_ptr<rpc::Host> host_;
  std::unique_ptr<EventsClient> client_;
  std::vector<v1::Event> watched_;
  std::string cursor_;
  absl::Status end_;
};

// SPEC E2: replayable from any event id.
TEST_F(EventsTest, Watch_ReplaysBehindTheCursor) {
  Publish({Make(v1::EVENT_TYPE_ACCEPTED, "a"), Make(v1::EVENT_TYPE_DELIVERED, "a"),
           Make(v1::EVENT_TYPE_ACCEPTED, "b")});
  EXPECT_THAT(Watch(UntilNow("0")), ElementsAre("a", "a", "b"));
  EXPECT_EQ(end_.code(), absl::StatusCode::kOutOfRange) << "ended in order";
  const std::string second = watched_[1].event_id();
  EXPECT_GT(watched_[0].time().seconds(), 1'000'000'000);
  EXPECT_THAT(Watch(UntilNow(second)), ElementsAre("b"));
}

TEST_F(EventsTest, Watch_Filters) {
  Publish({Make(v1::EVENT_TYPE_ACCEPTED, "a"), Make(v1::EVENT_TYPE_DELIVERED, "a"),
           Make(v1::EVENT_TYPE_ACCEPTED, "c", 2)});
  v1::WatchEventsRequest request = UntilNow("0");
  request.mutable_filter()->set_account_id(2);
  EXPECT_THAT(Watch(request), ElementsAre("c"));
  request = UntilNow("0");
  request.mutable_filter()->add_types(v1::EVENT_TYPE_DELIVERED);
  EXPECT_THAT(Watch(request), ElementsAre("a"));
  request = UntilNow("0");
  request.mutable_filter()->set_message_id("c");
  EXPECT_THAT(Watch(request), ElementsAre("c"));
}

TEST_F(EventsTest, Watch_FollowsWhatHappensLater) {
  std::thread publisher([this] { Publish({Make(v1::EVENT_TYPE_ACCEPTED, "later")}); });
  v1::WatchEventsRequest request;
  request.set_cursor("0");
  EXPECT_THAT(Watch(request, 1), ElementsAre("later"));
  publisher.join();
}

TEST_F(EventsTest, Watch_RefusesABadCursor) {
  Watch(UntilNow("yesterday"));
  EXPECT_EQ(end_.message(), "cursor: \"yesterday\" is no event id");
}

// SPEC E2, Q7: one story from all partitions, resumed without a gap or a repetition.
TEST_F(EventsTest, Watch_ReadsAllPartitions) {
  Stop();
  Serve({.partitions = 3});
  for (uint64_t account = 1; account <= 6; ++account) {
    Publish({Make(v1::EVENT_TYPE_ACCEPTED, absl::StrCat("of ", account), account)});
  }
  EXPECT_THAT(Watch(UntilNow("0")),
              UnorderedElementsAre("of 1", "of 2", "of 3", "of 4", "of 5", "of 6"));
  const std::string all = cursor_;
  EXPECT_THAT(Watch(UntilNow(watched_.front().event_id())), SizeIs(5)) << "all are of this minute";
  Publish({Make(v1::EVENT_TYPE_DELIVERED, "later", 2)});
  EXPECT_THAT(Watch(UntilNow(all)), ElementsAre("later"));
  EXPECT_THAT(Watch(UntilNow(cursor_)), ElementsAre());
}

// SPEC E4: each event counts once, also when the service starts anew.
TEST_F(EventsTest, Statistics_CountEachEventOnce) {
  Publish({Make(v1::EVENT_TYPE_ACCEPTED, "a"), Make(v1::EVENT_TYPE_DELIVERED, "a"),
           Make(v1::EVENT_TYPE_DELIVERED, "b"), Make(v1::EVENT_TYPE_DELIVERED, "c", 2)});
  Server second(runtime_.executor(1), {}, redis_.options(), "key");
  struct Run {
    static Co<void> Start(Server* server) { (void)co_await server->Start(); }
  };
  runtime_.Block(Run::Start(&second), 1);
  int64_t delivered = 0;
  absl::StatusOr<v1::GetStatisticsResponse> result = absl::UnknownError("never set");
  for (int i = 0; i < 200 && delivered == 0; ++i) {
    runtime_.Block(DoStatistics(&result));
    ASSERT_TRUE(result.ok()) << result.status();
    for (const v1::HourlyCounts& hour : result->hours()) {
      delivered += hour.counts().contains("delivered") ? hour.counts().at("delivered") : 0;
    }
  }
  EXPECT_EQ(delivered, 2);
  runtime_.Block(second.Stop(), 1);
  EXPECT_EQ(result->hours(0).counts().at("accepted"), 1);
}

}  // namespace
}  // namespace staffetta::events
