#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/redis/cluster_fixture.h"
#include "common/redis/durability.h"
#include "common/redis/subscriber.h"

namespace staffetta::redis {
namespace {

// SPEC Q7
TEST_F(ClusterTest, KeysOfAllNodes_AreWrittenAndReadThroughOneClient) {
  std::vector<Command> writes;
  std::vector<Command> reads;
  std::set<size_t> masters;
  for (int n = 0; n < 60; ++n) {
    const std::string key = "k:{" + std::to_string(n) + "}";
    masters.insert(cluster_->MasterOf(SlotOf(key)));
    writes.push_back(Command("SET", key, n));
    reads.push_back(Command("GET", key));
  }
  EXPECT_EQ(masters.size(), TestCluster::kMasters);
  ASSERT_TRUE(Await(context_, client_.RunAll(std::move(writes))).ok());
  const auto values = Await(context_, client_.RunAll(std::move(reads)));
  ASSERT_TRUE(values.ok()) << values.status();
  for (size_t n = 0; n < values->size(); ++n) EXPECT_EQ((*values)[n].str(), std::to_string(n));
}

TEST_F(ClusterTest, Script_RunsWhereItsKeyIsAndCanWaitForAReplica) {
  const Script count("count", "return redis.call('INCR', KEYS[1])");
  for (const char* key : {"n:{0}", "n:{1}", "n:{2}", "n:{3}"}) {
    EXPECT_EQ(Await(context_, client_.Eval(count, {key}, {}))->integer(), 1);
    const Result second =
        Await(context_, client_.EvalAndWait(count, {key}, {}, 1, absl::Seconds(2)));
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ(second->integer(), 2);
    EXPECT_TRUE(absl::IsUnavailable(
        Await(context_, client_.EvalAndWait(count, {key}, {}, 2, absl::Milliseconds(20)))
            .status()));
  }
  EXPECT_EQ(Eval("return 1", {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ClusterTest, Scan_SeesAllKeysOfATag) {
  for (const char* tag : {"{scan0}", "{scan1}", "{scan2}", "{scan3}"}) {
    for (int n = 0; n < 50; ++n) {
      ASSERT_TRUE(Run(Command("SET", absl::StrCat("dlv:", tag, ":", n), "")).ok());
    }
    std::set<std::string> found;
    std::string cursor = "0";
    do {
      auto page =
          Run(Command("SCAN", cursor, "MATCH", absl::StrCat("dlv:", tag, ":*")).RouteBy(tag));
      ASSERT_TRUE(page.ok()) << page.status();
      for (const Value& key : page->array()[1].array()) found.insert(key.str());
      cursor = page->array()[0].str();
    } while (cursor != "0");
    EXPECT_EQ(found.size(), 50u) << tag;
  }
  EXPECT_EQ(Run(Command("SCAN", "0")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Run(Command("PING")).ok());
}

// SPEC Q7
TEST_F(ClusterTest, MovedSlot_IsFollowed) {
  const uint16_t slot = SlotOf("{moved}");
  ASSERT_TRUE(Run(Command("SET", "k:{moved}", "v")).ok());
  for (int round = 0; round < 2; ++round) {
    cluster_->Move(slot);
    EXPECT_EQ(Run(Command("GET", "k:{moved}"))->str(), "v");
    cluster_->Move(slot);
    EXPECT_EQ(Eval("return redis.call('INCR', KEYS[1])", {"n:{moved}"})->integer(), round + 1);
  }
}

// SPEC Q7
TEST_F(ClusterTest, WhileASlotMoves_CommandsFollowItsKeysAndScriptsDoNothing) {
  const uint16_t slot = SlotOf("{half}");
  for (const char* key : {"a:{half}", "b:{half}", "c:{half}"}) {
    ASSERT_TRUE(Run(Command("SET", key, 1)).ok());
  }
  const size_t from = cluster_->MasterOf(slot);
  const size_t to = cluster_->AnotherMaster(slot);
  cluster_->BeginMove(slot, from, to);
  ASSERT_EQ(cluster_->MoveKeys(slot, from, to, 1), 1);

  std::vector<Command> reads;
  for (const char* key : {"a:{half}", "b:{half}", "c:{half}"}) reads.push_back(Command("GET", key));
  const auto values = Await(context_, client_.RunAll(reads));
  ASSERT_TRUE(values.ok()) << values.status();
  for (const Value& value : *values) EXPECT_EQ(value.str(), "1");
  EXPECT_TRUE(Run(Command("SET", "new:{half}", 1)).ok());

  // One of the three has gone. What is sent to Redis without the guard stops in its middle.
  constexpr char kCountAll[] = R"(
for _, name in ipairs({'a', 'b', 'c'}) do redis.call('INCR', name .. ':{half}') end
return 1)";
  const char* stayed = "";
  for (const char* key : {"a:{half}", "b:{half}", "c:{half}"}) {
    if (cluster_->node(from).Ask(Command("EXISTS", key)).ok()) stayed = key;
  }
  EXPECT_TRUE(absl::StrContains(Run(Command("EVAL", kCountAll, 1, stayed)).status().message(),
                                "non local key"));

  const auto sum = [&] {
    const auto now = Await(context_, client_.RunAll(reads));
    int64_t total = 0;
    for (const Value& value : *now) total += std::stoi(value.str());
    return total;
  };
  const int64_t before = sum();
  Client::Options options = cluster_->options();
  options.connect_timeout = absl::Milliseconds(200);
  Client impatient(context_.get_executor(), options);
  for (const char* key : {"a:{half}", "b:{half}", "c:{half}", "new:{half}", "none:{half}"}) {
    const Result result =
        Await(context_, impatient.Eval(Script("count all", kCountAll), {key}, {}));
    EXPECT_TRUE(absl::IsUnavailable(result.status())) << result.status();
  }
  EXPECT_EQ(sum(), before);

  while (cluster_->MoveKeys(slot, from, to, 10) > 0) {
  }
  cluster_->EndMove(slot, from, to);
  EXPECT_TRUE(Eval(kCountAll, {"a:{half}"}).ok());
  EXPECT_EQ(sum(), before + 3);
}

// SPEC Q7
TEST_F(ClusterTest, LiveResharding_LosesAndRepeatsNothing) {
  const std::vector<std::string> tags = {"{r0}", "{r1}", "{r2}", "{r3}"};
  for (const std::string& tag : tags) {
    for (int n = 0; n < 5; ++n) {
      ASSERT_TRUE(Run(Command("SET", absl::StrCat("other:", tag, ":", n), "")).ok());
    }
  }
  StartLoad(tags, Replicas::kNone);
  RunLoadDuring([&] {
    for (int round = 0; round < 2; ++round) {
      for (const std::string& tag : tags) cluster_->Move(SlotOf(tag));
    }
  });
  CheckBooks(tags);
  EXPECT_TRUE(books_.unknown.empty());
}

// SPEC Q7
TEST_F(ClusterTest, CommandOfUnknownOutcome_IsNotSentAgain) {
  ASSERT_TRUE(Run(Command("DEL", "n:{lost}", "m:{lost}")).ok());
  TestServer& node = cluster_->node(cluster_->MasterOf(SlotOf("{lost}")));
  node.Suspend();
  Result early = absl::UnknownError("no result yet");
  Result late = early;
  int left = 2;
  const auto enter = [&](Result* result) {
    return [&left, result](std::exception_ptr, Result answer) {
      *result = std::move(answer);
      --left;
    };
  };
  asio::co_spawn(context_.get_executor(),
                 client_.Run(Command("INCR", "n:{lost}"), absl::Milliseconds(300)), enter(&early));
  asio::co_spawn(context_.get_executor(), client_.Run(Command("INCR", "m:{lost}")), enter(&late));
  // The time-out of one drops the connection that both are on.
  RunUntil([&] { return left < 2; });
  node.Continue();
  RunUntil([&] { return left == 0; });
  EXPECT_TRUE(absl::IsDeadlineExceeded(early.status())) << early.status();
  EXPECT_TRUE(absl::IsUnavailable(late.status())) << late.status();
  EXPECT_TRUE(absl::StrContains(late.status().message(), "outcome unknown")) << late.status();
  for (const char* key : {"n:{lost}", "m:{lost}"}) {
    AwaitCondition("what was sent to be run",
                   [&] { return !node.Ask(Command("GET", key))->is_nil(); });
    EXPECT_EQ(node.Ask(Command("GET", key))->str(), "1") << key;
  }
}

TEST_F(ClusterTest, Subscriber_HearsWhatAnyNodePublishes) {
  std::vector<std::string> heard;
  int gaps = 0;
  Subscriber subscriber(
      context_.get_executor(), {.endpoint = cluster_->deployment(), .channels = {"news:{0}"}},
      {.on_message = [&](std::string_view, std::string_view text) { heard.emplace_back(text); },
       .on_gap = [&] { ++gaps; }});
  RunUntil([&] { return gaps == 1; });
  for (size_t i = 0; i < TestCluster::kNodes; ++i) {
    ASSERT_TRUE(cluster_->node(i).Ask(Command("PUBLISH", "news:{0}", i)).ok());
  }
  ASSERT_TRUE(Run(Command("PUBLISH", "news:{0}", "client")).ok());
  RunUntil([&] { return heard.size() == TestCluster::kNodes + 1; });
}

// SPEC Q1
TEST_F(ClusterTest, OneMasterThatIsNotDurable_IsFound) {
  EXPECT_TRUE(Await(context_, CheckDurable(client_, Demand::kShown)).ok());
  TestServer& one = cluster_->node(cluster_->MasterOf(SlotOf("{0}")));
  ASSERT_TRUE(one.Ask(Command("CONFIG", "SET", "appendfsync", "everysec")).ok());
  const absl::Status status = Await(context_, CheckDurable(client_, Demand::kShown));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), one.endpoint().ToString())) << status;
  ASSERT_TRUE(one.Ask(Command("CONFIG", "SET", "appendfsync", "always")).ok());
}

// SPEC Q1
TEST_F(ClusterTest, MasterThatWritesWithoutItsReplica_IsFound) {
  const absl::Status lax = Await(context_, CheckReplicas(client_, 1));
  EXPECT_EQ(lax.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(lax.message(), "min-replicas-to-write")) << lax;
  for (size_t i = 0; i < TestCluster::kNodes; ++i) {
    ASSERT_TRUE(cluster_->node(i).Ask(Command("CONFIG", "SET", "min-replicas-to-write", 1)).ok());
  }
  EXPECT_TRUE(Await(context_, CheckReplicas(client_, 1)).ok());
  EXPECT_FALSE(Await(context_, CheckReplicas(client_, 2)).ok());
  EXPECT_EQ(Await(context_, MastersWithMoreReplicas(client_, 0))->size(), 3U);
  EXPECT_EQ(Await(context_, MastersWithMoreReplicas(client_, 1))->size(), 0U);
  for (size_t i = 0; i < TestCluster::kNodes; ++i) {
    ASSERT_TRUE(cluster_->node(i).Ask(Command("CONFIG", "SET", "min-replicas-to-write", 0)).ok());
  }
}

}  // namespace
}  // namespace staffetta::redis
