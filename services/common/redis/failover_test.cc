#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/redis/cluster_fixture.h"
#include "common/redis/subscriber.h"

namespace staffetta::redis {
namespace {

using Clock = std::chrono::steady_clock;

class FailoverTest : public ClusterTest {
 protected:
  // How long it takes until a call succeeds that is started now or later, one every 100 ms.
  std::chrono::milliseconds TimeToServe(Client& client, const std::string& key) {
    const auto start = Clock::now();
    bool served = false;
    size_t running = 0;
    Timer every(context_.get_executor());
    const std::function<void(boost::system::error_code)> call = [&](boost::system::error_code) {
      if (served) return;
      ++running;
      asio::co_spawn(context_.get_executor(), client.Run(Command("INCR", key)),
                     [&](std::exception_ptr, Result result) {
                       served = served || result.ok();
                       --running;
                     });
      every.expires_after(std::chrono::milliseconds(100));
      every.async_wait(call);
    };
    call({});
    RunUntil([&] { return served; });
    const auto took = Clock::now() - start;
    client.Close();
    RunUntil([&] { return running == 0; });
    return std::chrono::duration_cast<std::chrono::milliseconds>(took);
  }

  void Report(const char* what, std::chrono::milliseconds took) {
    RecordProperty(what, static_cast<int>(took.count()));
    EXPECT_LT(took, std::chrono::seconds(8));
  }
};

// SPEC Q7
TEST_F(FailoverTest, KilledMaster_LosesNothingAcknowledgedAndRepeatsNothing) {
  const std::vector<std::string> tags = {"{0}", "{1}", "{2}", "{3}"};
  const uint16_t slot = SlotOf(tags[0]);
  StartLoad(tags, Replicas::kOne);
  RunLoadDuring([&] {
    const size_t victim = cluster_->MasterOf(slot);
    TestServer& server = cluster_->node(victim);
    AwaitCondition("the load under way", [&] {
      const auto entries = server.Ask(Command("HLEN", "first:{0}"));
      return entries.ok() && entries->integer() > 20;
    });
    server.Kill();
    AwaitCondition("another master", [&] { return cluster_->MasterOf(slot) != victim; });
    server.Start();
    cluster_->AwaitHealthy();
  });
  CheckBooks(tags);
  EXPECT_FALSE(books_.unknown.empty() && books_.refused == 0) << "the kill was not felt";
}

// SPEC Q7
TEST_F(FailoverTest, KilledMaster_IsReplacedWithinSeconds) {
  ASSERT_TRUE(Run(Command("INCR", "n:{1}")).ok());
  TestServer& victim = cluster_->node(cluster_->MasterOf(SlotOf("{1}")));
  victim.Kill();
  Report("killed_ms", TimeToServe(client_, "n:{1}"));
  victim.Start();
}

// SPEC Q7
TEST_F(FailoverTest, HungMaster_IsLeftBeforeItsCommandsTimeOut) {
  Client::Options options = cluster_->options();
  options.command_timeout = absl::Seconds(30);
  Client client(context_.get_executor(), options);
  ASSERT_TRUE(Await(context_, client.Run(Command("INCR", "n:{2}"))).ok());
  TestServer& victim = cluster_->node(cluster_->MasterOf(SlotOf("{2}")));
  victim.Suspend();
  Report("hung_ms", TimeToServe(client, "n:{2}"));
  victim.Continue();
}

TEST_F(FailoverTest, SubscribersNode_IsReplacedByAnother) {
  std::vector<std::string> heard;
  int gaps = 0;
  Subscriber subscriber(
      context_.get_executor(), {.endpoint = cluster_->deployment(), .channels = {"news"}},
      {.on_message = [&](std::string_view, std::string_view text) { heard.emplace_back(text); },
       .on_gap = [&] { ++gaps; }});
  RunUntil([&] { return gaps == 1; });
  for (size_t i = 0; i < TestCluster::kNodes; ++i) {
    const auto listeners = cluster_->node(i).Ask(Command("PUBSUB", "NUMSUB", "news"));
    if (!listeners.ok() || listeners->array()[1].integer() == 0) continue;
    cluster_->node(i).Kill();
    RunUntil([&] { return gaps == 2; });
    ASSERT_TRUE(
        cluster_->node((i + 1) % TestCluster::kNodes).Ask(Command("PUBLISH", "news", "x")).ok());
    RunUntil([&] { return !heard.empty(); });
    cluster_->node(i).Start();
  }
  EXPECT_EQ(heard, std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace staffetta::redis
