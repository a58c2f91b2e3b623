#include "common/redis/topology.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/redis/verdict.h"

namespace staffetta::redis {
namespace {

using enum Verdict::Kind;

const NodeAddress kAsked{"asked.example", 7000};

Value Node(Value host, int64_t port) {
  return Value::Array({std::move(host), Value::Integer(port), Value::String("id")});
}

Value Range(int64_t first, int64_t last, std::vector<Value> nodes) {
  std::vector<Value> parts = {Value::Integer(first), Value::Integer(last)};
  for (Value& node : nodes) parts.push_back(std::move(node));
  return Value::Array(std::move(parts));
}

// SPEC Q7
TEST(Topology, TellsTheMasterOfEachSlot) {
  const Value answer = Value::Array(
      {Range(0, 99, {Node(Value::String("10.0.0.1"), 1), Node(Value::String("10.0.0.9"), 9)}),
       Range(100, 100, {Node(Value::String("10.0.0.2"), 2)}),
       Range(16383, 16383, {Node(Value::String("10.0.0.1"), 1)})});
  const absl::StatusOr<Topology> topology = Topology::FromSlots(answer, kAsked);
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_EQ(*topology->OwnerOf(0), (NodeAddress{"10.0.0.1", 1}));
  EXPECT_EQ(*topology->OwnerOf(99), (NodeAddress{"10.0.0.1", 1}));
  EXPECT_EQ(*topology->OwnerOf(100), (NodeAddress{"10.0.0.2", 2}));
  EXPECT_EQ(topology->OwnerOf(101), nullptr);
  EXPECT_EQ(*topology->OwnerOf(16383), (NodeAddress{"10.0.0.1", 1}));
  EXPECT_EQ(topology->masters().size(), 2u);
  EXPECT_EQ(topology->replicas(), (std::set<NodeAddress>{{"10.0.0.9", 9}}));
}

TEST(Topology, NodeWithoutAnAddress_IsTheOneThatWasAsked) {
  for (Value host : {Value(), Value::String(""), Value::String("?")}) {
    const auto topology =
        Topology::FromSlots(Value::Array({Range(0, 1, {Node(std::move(host), 7001)})}), kAsked);
    ASSERT_TRUE(topology.ok());
    EXPECT_EQ(*topology->OwnerOf(0), (NodeAddress{"asked.example", 7001}));
  }
}

TEST(Topology, OfAnAnswerThatIsNone_IsRefused) {
  const Value good = Node(Value::String("h"), 1);
  const std::pair<Value, absl::StatusCode> rows[] = {
      {Value::Array({}), absl::StatusCode::kUnavailable},
      {Value::String("x"), absl::StatusCode::kUnavailable},
      {Value::Array({Value::Integer(1)}), absl::StatusCode::kInternal},
      {Value::Array({Range(0, 1, {})}), absl::StatusCode::kInternal},
      {Value::Array({Range(0, 16384, {good})}), absl::StatusCode::kInternal},
      {Value::Array({Range(-1, 3, {good})}), absl::StatusCode::kInternal},
      {Value::Array({Range(0, 1, {Node(Value::String("h"), 70000)})}), absl::StatusCode::kInternal},
  };
  for (const auto& [answer, code] : rows) {
    EXPECT_EQ(Topology::FromSlots(answer, kAsked).status().code(), code);
  }
}

enum class Sent { kPlain, kScript };

// SPEC Q7
TEST(Verdict, OfEachResult) {
  const struct {
    Connection::Result result;
    Sent sent;
    Verdict::Kind kind;
    NodeAddress to;
  } rows[] = {
      {Value::String("MOVED"), Sent::kPlain, kFinal, {}},
      {Value::Error("MOVED 3999 127.0.0.1:6381"), Sent::kPlain, kMoved, {"127.0.0.1", 6381}},
      {Value::Error("MOVED 3999 127.0.0.1:6381"), Sent::kScript, kMoved, {"127.0.0.1", 6381}},
      {Value::Error("MOVED 3999 ::1:6381"), Sent::kPlain, kMoved, {"::1", 6381}},
      {Value::Error("MOVED 3999 :6381"), Sent::kPlain, kMoved, {"asked.example", 6381}},
      {Value::Error("MOVED 3999 ?:6381"), Sent::kPlain, kMoved, {"asked.example", 6381}},
      {Value::Error("MOVED 3999 nonsense"), Sent::kPlain, kLater, {}},
      {Value::Error("ASK 3999 127.0.0.1:6381"), Sent::kPlain, kAsk, {"127.0.0.1", 6381}},
      {Value::Error("ASK 3999 127.0.0.1:6381"), Sent::kScript, kLater, {}},
      {Value::Error("TRYAGAIN Multiple keys request"), Sent::kScript, kLater, {}},
      {Value::Error("CLUSTERDOWN The cluster is down"), Sent::kPlain, kLater, {}},
      {Value::Error("LOADING Redis is loading"), Sent::kPlain, kLater, {}},
      {Value::Error("MASTERDOWN Link with MASTER is down"), Sent::kPlain, kLater, {}},
      {Value::Error("READONLY You can't write"), Sent::kPlain, kLater, {}},
      {Value::Error("OOM command not allowed"), Sent::kPlain, kFinal, {}},
      {Value::Error("NOREPLICAS Not enough"), Sent::kPlain, kFinal, {}},
      {Value::Error("NOSCRIPT No matching script"), Sent::kScript, kFinal, {}},
      {Value::Error("ERR Script attempted to access a non local key"), Sent::kScript, kFinal, {}},
      {absl::UnavailableError("Redis GET: not sent: x"), Sent::kPlain, kLater, {}},
      {absl::UnavailableError("Redis GET: outcome unknown: x"), Sent::kPlain, kLost, {}},
      {absl::DeadlineExceededError("Redis GET: outcome unknown: x"), Sent::kPlain, kLost, {}},
      {absl::CancelledError("Redis GET: not sent: x"), Sent::kPlain, kFinal, {}},
      {absl::PermissionDeniedError("WRONGPASS"), Sent::kPlain, kFinal, {}},
  };
  for (const auto& row : rows) {
    const Verdict verdict = Judge(row.result, row.sent == Sent::kScript, kAsked);
    const std::string what = row.result.ok() ? row.result->str() : row.result.status().ToString();
    EXPECT_EQ(verdict.kind, row.kind) << what;
    EXPECT_EQ(verdict.to, row.to) << what;
  }
}

}  // namespace
}  // namespace staffetta::redis
