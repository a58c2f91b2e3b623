#include "common/redis/value.h"

#include <gtest/gtest.h>

#include "common/redis/command.h"
#include "common/redis/endpoint.h"
#include "common/redis/reply_reader.h"
#include "common/redis/script.h"

namespace staffetta::redis {
namespace {

TEST(ErrorReply, BecomesAStatusByItsWord) {
  using enum absl::StatusCode;
  const std::pair<std::string, absl::StatusCode> rows[] = {
      {"LOADING Redis is loading the dataset in memory", kUnavailable},
      {"READONLY You can't write against a read only replica.", kUnavailable},
      {"CLUSTERDOWN The cluster is down", kUnavailable},
      {"MASTERDOWN Link with MASTER is down", kUnavailable},
      {"NOREPLICAS Not enough good replicas to write.", kUnavailable},
      {"OOM command not allowed when used memory > 'maxmemory'.", kUnavailable},
      {"BUSY Redis is busy running a script.", kUnavailable},
      {"TRYAGAIN Multiple keys request during rehashing of slot", kUnavailable},
      {"MISCONF Errors writing to the AOF file", kUnavailable},
      {"MOVED 3999 127.0.0.1:6381", kUnavailable},
      {"ASK 3999 127.0.0.1:6381", kUnavailable},
      {"UNBLOCKED force unblock from blocking operation", kUnavailable},
      {"ERR max number of clients reached", kUnavailable},
      {"NOAUTH Authentication required.", kPermissionDenied},
      {"WRONGPASS invalid username-password pair", kPermissionDenied},
      {"NOPERM this user has no permissions", kPermissionDenied},
      {"DENIED Redis is running in protected mode", kPermissionDenied},
      {"NOSCRIPT No matching script.", kNotFound},
      {"WRONGTYPE Operation against a key", kInternal},
      {"ERR unknown command 'FOO'", kInternal},
      {"BUSYGROUP Consumer Group name already exists", kInternal},
      {"LOADINGX", kInternal},
      {"loading", kInternal},
      {"OOM", kUnavailable},
      {"", kInternal},
  };
  for (const auto& [text, code] : rows) {
    const absl::Status status = ErrorReplyToStatus(text);
    EXPECT_EQ(status.code(), code) << text;
    EXPECT_EQ(std::string(status.message()), text);
  }
}

TEST(Value, OfAnotherKind_ReadsAsEmptyAndFailsWhenChecked) {
  const Value text = Value::String("7");
  EXPECT_EQ(text.integer(), 0);
  EXPECT_TRUE(text.array().empty());
  EXPECT_EQ(text.AsInteger().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Value::Integer(7).AsString().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Value().AsArray().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(*Value::Integer(-7).AsInteger(), -7);
}

TEST(ReplyReader, FedByteByByte_GivesTheSameValues) {
  constexpr char kWire[] =
      "*4\r\n:42\r\n$-1\r\n*2\r\n$3\r\na\0b\r\n+OK\r\n*-1\r\n-ERR no\r\n*0\r\n";
  const std::string whole(kWire, sizeof kWire - 1);
  ReplyReader reader;
  std::vector<Value> values;
  for (const char byte : whole) {
    reader.Feed(&byte, 1);
    absl::StatusOr<std::optional<Value>> next = reader.Next();
    ASSERT_TRUE(next.ok()) << next.status();
    if (next->has_value()) values.push_back(**std::move(next));
  }
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(
      values[0],
      Value::Array({Value::Integer(42), Value(),
                    Value::Array({Value::String(std::string("a\0b", 3)), Value::Status("OK")}),
                    Value()}));
  EXPECT_EQ(values[1], Value::Error("ERR no"));
  EXPECT_EQ(values[2], Value::Array({}));
}

TEST(ReplyReader, GivenSomethingElseThanRedis_Fails) {
  ReplyReader reader;
  const std::string_view wire = "HTTP/1.1 400 Bad Request\r\n";
  reader.Feed(wire.data(), wire.size());
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kInternal);
}

TEST(Command, IsWrittenAsAnArrayOfBulkStrings) {
  Command command("SET", "k", std::string("\0\r\n", 3));
  command.Add("PX").Add(-5).Add(uint64_t{18446744073709551615u});
  std::string wire;
  command.AppendHeader(wire);
  wire += command.body();
  constexpr char kWire[] =
      "*6\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\0\r\n\r\n$2\r\nPX\r\n$2\r\n-5\r\n"
      "$20\r\n18446744073709551615\r\n";
  EXPECT_EQ(wire, std::string(kWire, sizeof kWire - 1));
  EXPECT_EQ(command.name(), "SET");
}

TEST(Script, HasTheHashThatRedisComputes) {
  EXPECT_EQ(Script("one", "return 1").sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST(Endpoint, Parses) {
  struct Row {
    std::string text, shown, username, password;
  };
  const Row rows[] = {
      {"unix:/run/redis.sock", "unix:/run/redis.sock", "", ""},
      {"localhost:6380", "localhost:6380", "", ""},
      {"[::1]:6380", "[::1]:6380", "", ""},
      {"redis://host", "host:6379", "", ""},
      {"redis://host:1/3", "host:1/3", "", ""},
      {"redis://:p%40ss:w@host:1/", "host:1", "", "p@ss:w"},
      {"redis://me:a@b@[::1]:2/0", "[::1]:2", "me", "a@b"},
  };
  for (const Row& row : rows) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(row.text);
    ASSERT_TRUE(endpoint.ok()) << row.text << ": " << endpoint.status();
    EXPECT_EQ(endpoint->ToString(), row.shown);
    EXPECT_EQ(endpoint->username, row.username);
    EXPECT_EQ(endpoint->password, row.password);
  }
}

TEST(Endpoint, ThatIsWrong_IsRefusedWithoutRepeatingSecrets) {
  const std::string rows[] = {"",
                              "host",
                              "host:",
                              "host:0",
                              "host:65536",
                              "host:x",
                              ":1",
                              "unix:",
                              "unix:relative",
                              "unix:/" + std::string(107, 'x'),
                              "redis://",
                              "redis://secret@h",
                              "redis://:secret%4@h",
                              "redis://:secret@",
                              "redis://:secret@h:x",
                              "redis://:secret@h/x",
                              "redis://:secret@h/-1",
                              "rediss://:secret@h:1",
                              "me:secret@h:1",
                              "[::1",
                              "[::1]1"};
  for (const std::string& text : rows) {
    const absl::Status status = Endpoint::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(std::string(status.message()).find("secret"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace staffetta::redis
