#include "common/redis/routing.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "common/redis/slot.h"

namespace staffetta::redis {
namespace {

// SPEC Q7
TEST(Slot, IsThatOfRedisItself) {
  const std::pair<std::string, uint16_t> rows[] = {
      // As CLUSTER KEYSLOT of Redis 7.0 answers.
      {"123456789", 0x31c3 % kSlots}, {"{0}", 13907}, {"{1}", 9842}, {"{2}", 5649}, {"{a}", 15495},
      {"auth:{a}:users", 15495},      {"{s}", 3828},  {"", 0},
  };
  for (const auto& [key, slot] : rows) EXPECT_EQ(SlotOf(key), slot) << key;
}

TEST(HashTag, IsTheFirstThatIsNotEmpty) {
  const std::pair<std::string, std::string> rows[] = {
      {"msg:{3}:x", "3"},    {"plain", "plain"},         {"{}x{y}", "{}x{y}"}, {"a{{b}}c", "{b"},
      {"{one}{two}", "one"}, {"open{here", "open{here"}, {"}{t}", "t"},
  };
  for (const auto& [key, tag] : rows) EXPECT_EQ(HashTag(key), tag) << key;
}

std::string Argument(const Command& command, size_t index) {
  return std::string(command.argument(index));
}

TEST(Command, TellsItsArguments) {
  const Command command("SET", "k\r\n", "", std::string(70000, 'x'), 12);
  EXPECT_EQ(Argument(command, 0), "SET");
  EXPECT_EQ(Argument(command, 1), "k\r\n");
  EXPECT_EQ(Argument(command, 2), "");
  EXPECT_EQ(command.argument(3).size(), 70000u);
  EXPECT_EQ(Argument(command, 4), "12");
  EXPECT_EQ(Argument(command, 5), "");
}

std::vector<Unit> UnitsOf(std::vector<Command> commands) {
  const absl::StatusOr<std::vector<Unit>> units = ToUnits(commands);
  EXPECT_TRUE(units.ok()) << units.status();
  return units.ok() ? *units : std::vector<Unit>();
}

TEST(Routing, IsByTheFirstKey) {
  const uint16_t slot = SlotOf("{t}");
  const Command rows[] = {
      Command("GET", "a:{t}"),
      Command("DEL", "a:{t}", "b:{t}"),
      Command("XRANGE", "events:{t}", "-", "+"),
      Command("PUBLISH", "wake:{t}", "x"),
      Command("OBJECT", "ENCODING", "a:{t}"),
      Command("MEMORY", "USAGE", "a:{t}"),
      Command("EVALSHA", "hash", 1, "a:{t}", "arg"),
      Command("EVAL", "return 1", 2, "a:{t}", "b:{t}"),
      Command("SCAN", 0, "MATCH", "dlv:{t}:*").RouteBy("{t}"),
  };
  for (const Command& command : rows) {
    const std::vector<Unit> units = UnitsOf({command});
    ASSERT_EQ(units.size(), 1u);
    EXPECT_EQ(units[0].slot, slot) << command.name();
    EXPECT_EQ(units[0].script, command.name().starts_with("EVAL"));
  }
  EXPECT_FALSE(UnitsOf({Command("PING")})[0].slot.has_value());
}

TEST(Routing, WithoutAKey_FollowsTheCommandBefore) {
  const std::vector<Unit> units = UnitsOf(
      {Command("EVALSHA", "hash", 1, "{t}"), Command("WAIT", 1, 10), Command("GET", "{u}")});
  ASSERT_EQ(units.size(), 2u);
  EXPECT_EQ(units[0].size, 2u);
  EXPECT_EQ(units[1].first, 2u);
  EXPECT_EQ(units[1].slot, SlotOf("{u}"));
}

TEST(Routing, ToNowhere_IsRefused) {
  const Command rows[] = {Command("SCAN", 0), Command("CONFIG", "GET", "appendonly"),
                          Command("WAIT", 1, 10), Command("EVAL", "return 1", 0, "secret")};
  for (const Command& command : rows) {
    const absl::Status status = ToUnits({command}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(status.message()).find("secret"), std::string::npos);
  }
}

TEST(GuardKey, IsInTheSlotOfItsKey) {
  for (const char* key : {"msg:{3}:x", "plain", "auth:{a}:user:s1_0"}) {
    EXPECT_EQ(SlotOf(GuardKey(key)), SlotOf(key));
    EXPECT_NE(GuardKey(key), key);
  }
}

}  // namespace
}  // namespace staffetta::redis
