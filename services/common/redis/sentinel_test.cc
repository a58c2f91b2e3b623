#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/redis/load_fixture.h"
#include "common/redis/subscriber.h"
#include "common/redis/test_sentinel.h"

namespace staffetta::redis {
namespace {

using Clock = std::chrono::steady_clock;

// One set of servers for all tests: it takes seconds to start. A test leaves it whole, though with
// another master perhaps.
class SentinelTest : public LoadTest {
 protected:
  static void SetUpTestSuite() { sentinels_ = std::make_unique<TestSentinels>(); }
  static void TearDownTestSuite() { sentinels_.reset(); }

  SentinelTest() : LoadTest(sentinels_->options()) {}
  void TearDown() override { sentinels_->AwaitHealthy(); }

  static inline std::unique_ptr<TestSentinels> sentinels_;
};

TEST_F(SentinelTest, Master_IsFoundThoughTheFirstSentinelIsDead) {
  Deployment deployment = sentinels_->deployment();
  deployment.endpoints.insert(deployment.endpoints.begin(),
                              {.host = "127.0.0.1", .port = FreeTestPort()});
  Client client(context_.get_executor(), {.endpoint = deployment});
  ASSERT_TRUE(Await(context_, client.Run(Command("SET", "k", "v"))).ok());
  EXPECT_EQ(sentinels_->server(sentinels_->Master()).Ask(Command("GET", "k"))->str(), "v");
}

TEST_F(SentinelTest, UnknownMaster_IsNamed) {
  Deployment deployment = sentinels_->deployment();
  deployment.master_name = "nobody";
  Client client(context_.get_executor(),
                {.endpoint = deployment, .connect_timeout = absl::Milliseconds(300)});
  const absl::Status status = Await(context_, client.Run(Command("PING"))).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_TRUE(absl::StrContains(status.message(), "knows no master nobody")) << status;
}

// SPEC Q7
TEST_F(SentinelTest, KilledMaster_LosesNothingAcknowledgedAndRepeatsNothing) {
  const std::vector<std::string> tags = {"{0}", "{1}"};
  const size_t victim = sentinels_->Master();
  Clock::time_point killed;
  StartLoad(tags, Replicas::kOne);
  RunLoadDuring([&] {
    TestServer& server = sentinels_->server(victim);
    AwaitCondition("the load under way", [&] {
      const auto entries = server.Ask(Command("HLEN", "first:{0}"));
      return entries.ok() && entries->integer() > 20;
    });
    server.Kill();
    killed = Clock::now();
    AwaitCondition("another master", [&] { return sentinels_->Master() != victim; });
  });
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - killed);
  RecordProperty("killed_ms", static_cast<int>(took.count()));
  EXPECT_LT(took, std::chrono::seconds(10));
  CheckBooks(tags);
  EXPECT_FALSE(books_.unknown.empty() && books_.refused == 0) << "the kill was not felt";
  // By themselves the sentinels would wait 8 s before they make a replica of it.
  TestServer& server = sentinels_->server(victim);
  server.Start();
  const uint16_t master = sentinels_->server(sentinels_->Master()).port();
  AwaitCondition("the old master as a replica",
                 [&] { return server.Ask(Command("REPLICAOF", "127.0.0.1", master)).ok(); });
}

// SPEC Q7
TEST_F(SentinelTest, DemotedMaster_IsLeftByClientAndSubscriber) {
  std::vector<std::string> heard;
  int gaps = 0;
  Subscriber subscriber(
      context_.get_executor(), {.endpoint = sentinels_->deployment(), .channels = {"news"}},
      {.on_message = [&](std::string_view, std::string_view text) { heard.emplace_back(text); },
       .on_gap = [&] { ++gaps; }});
  RunUntil([&] { return gaps == 1; });
  ASSERT_TRUE(Run(Command("SET", "k", "before")).ok());
  const size_t before = sentinels_->Master();
  // Refused while the fail-over of the test before is not over for this sentinel.
  AwaitCondition("a fail-over to begin", [&] {
    return sentinels_->sentinel(0)
        .Ask(Command("SENTINEL", "FAILOVER", TestSentinels::kMaster))
        .ok();
  });
  AwaitCondition("another master", [&] { return sentinels_->Master() != before; });
  RunUntil([&] { return gaps > 1; });
  Result written = Run(Command("SET", "k", "after"));
  while (absl::IsUnavailable(written.status())) written = Run(Command("SET", "k", "after"));
  ASSERT_TRUE(written.ok()) << written.status();
  TestServer& master = sentinels_->server(sentinels_->Master());
  EXPECT_EQ(master.Ask(Command("GET", "k"))->str(), "after");
  ASSERT_TRUE(master.Ask(Command("PUBLISH", "news", "x")).ok());
  RunUntil([&] { return !heard.empty(); });
}

}  // namespace
}  // namespace staffetta::redis
