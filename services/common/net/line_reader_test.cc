#include "common/net/line_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/await.h"
#include "common/net/scripted_stream.h"

namespace staffetta::net {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

constexpr size_t kMaxLine = 8;

// Each line as "text", "text+" when too long, "text~" when it ended with a bare LF; the last entry
// is the status that ended it all.
std::vector<std::string> ReadAll(std::vector<std::string> chunks, size_t max_line = kMaxLine) {
  static asio::io_context io{1};
  ScriptedStream stream(std::move(chunks));
  LineReader reader(&stream, max_line);
  std::vector<std::string> lines;
  for (;;) {
    const auto line = Await(io, reader.ReadLine());
    if (!line.ok()) {
      lines.push_back(absl::StatusCodeToString(line.status().code()));
      return lines;
    }
    lines.push_back(std::string(line->text) + (line->too_long ? "+" : "") +
                    (line->bare_lf ? "~" : ""));
  }
}

struct Case {
  std::string input;
  std::vector<std::string> lines;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases{
      {"", {}},
      {"\r\n", {""}},
      {"\n", {"~"}},
      {"NOOP\r\nQUIT\r\n", {"NOOP", "QUIT"}},
      {"NOOP\nQUIT\r\n", {"NOOP~", "QUIT"}},
      {"a\r\r\n", {"a\r"}},
      {"a\rb\r\n", {"a\rb"}},
      {"\r\r\n", {"\r"}},
      {"\n\r\n\n", {"~", "", "~"}},
      {"12345678\r\n", {"12345678"}},
      {"12345678\n", {"12345678~"}},
      {"1234567\r\r\n", {"1234567\r"}},
      {"123456789\r\nx\r\n", {"12345678+", "x"}},
      {"123456789\nx\r\n", {"12345678+~", "x"}},
      {"12345678\r\r\nx\r\n", {"12345678+", "x"}},
      {"12345678\r9\nx\r\n", {"12345678+~", "x"}},
      {"12345678901234567890\r\nx\n", {"12345678+", "x~"}},
      {"no end", {}},
      {"123456789 no end", {}},
  };
  return cases;
}

TEST(LineReaderTest, LinesAreTheSameAtEverySplit) {
  for (const Case& test : Cases()) {
    std::vector<std::string> expected = test.lines;
    expected.push_back("OUT_OF_RANGE");
    const std::string& input = test.input;
    EXPECT_THAT(ReadAll({input}), ElementsAreArray(expected)) << testing::PrintToString(input);
    for (size_t i = 0; i <= input.size(); ++i) {
      for (size_t j = i; j <= input.size(); ++j) {
        EXPECT_THAT(ReadAll({input.substr(0, i), input.substr(i, j - i), input.substr(j)}),
                    ElementsAreArray(expected))
            << testing::PrintToString(input) << " split at " << i << " and " << j;
      }
    }
    std::vector<std::string> bytes;
    for (const char c : input) bytes.emplace_back(1, c);
    EXPECT_THAT(ReadAll(bytes), ElementsAreArray(expected)) << testing::PrintToString(input);
  }
}

// SPEC S6
TEST(LineReaderTest, ALineOfAnyLengthIsCutAndTheNextOneIsWhole) {
  for (const size_t max_line : {size_t{0}, size_t{1}, size_t{2048}, size_t{12288}, size_t{70000}}) {
    const std::string most(max_line, 'x');
    EXPECT_THAT(
        ReadAll({most + "\r\n" + most + "y\r\n" + most + std::string(1 << 20, 'y') + "\r\nnext\n"},
                max_line),
        ElementsAre(most, most + "+", most + "+",
                    max_line >= 4 ? "next~" : std::string("next", max_line) + "+~",
                    "OUT_OF_RANGE"));
  }
}

TEST(LineReaderTest, PipelinedLinesAreSeenWithoutReading) {
  asio::io_context io{1};
  ScriptedStream stream({"one\r\ntwo\r\nthr", "ee\r\n"});
  LineReader reader(&stream, kMaxLine);
  EXPECT_FALSE(reader.HasLine());
  EXPECT_EQ(Await(io, reader.ReadLine())->text, "one");
  EXPECT_TRUE(reader.HasLine());
  EXPECT_EQ(Await(io, reader.ReadLine())->text, "two");
  EXPECT_FALSE(reader.HasLine());
  EXPECT_EQ(reader.buffered(), "thr");
  EXPECT_EQ(Await(io, reader.ReadLine())->text, "three");
}

TEST(LineReaderTest, BytesAndLinesShareTheBuffer) {
  asio::io_context io{1};
  ScriptedStream stream({"BDAT 4\r\nab", "cdRSET\r\n"});
  LineReader reader(&stream, kMaxLine);
  EXPECT_EQ(Await(io, reader.ReadLine())->text, "BDAT 4");
  EXPECT_EQ(reader.buffered(), "ab");
  ASSERT_TRUE(Await(io, reader.Fill()).ok());
  EXPECT_EQ(reader.buffered(), "abcdRSET\r\n");
  reader.Consume(4);
  EXPECT_EQ(Await(io, reader.ReadLine())->text, "RSET");
}

// SPEC S2
TEST(LineReaderTest, WhatIsDroppedIsNeverRead) {
  asio::io_context io{1};
  ScriptedStream stream({"STARTTLS\r\nRSET\r\n", "EHLO\r\n"});
  LineReader reader(&stream, kMaxLine);
  EXPECT_EQ(Await(io, reader.ReadLine())->text, "STARTTLS");
  reader.Drop();
  EXPECT_FALSE(reader.HasLine());
  EXPECT_EQ(Await(io, reader.ReadLine())->text, "EHLO");
}

TEST(LineReaderTest, ABufferThatNobodyEmptiesIsBounded) {
  asio::io_context io{1};
  ScriptedStream stream({std::string(1 << 20, 'x')});
  LineReader reader(&stream, kMaxLine);
  absl::Status status;
  while (status.ok()) status = Await(io, reader.Fill());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(reader.buffered().size(), 16 * 1024);
}

TEST(LineReaderTest, ContentPassesThroughWhole) {
  asio::io_context io{1};
  std::string content;
  for (int i = 0; i < 50000; ++i) content += std::to_string(i) + "\r\n";
  ScriptedStream stream({content.substr(0, 777), content.substr(777)});
  LineReader reader(&stream, kMaxLine);
  std::string got;
  size_t step = 1;
  while (Await(io, reader.Fill()).ok()) {
    const size_t size = std::min(reader.buffered().size(), step);
    got += reader.buffered().substr(0, size);
    reader.Consume(size);
    step = step * 7 % 16384 + 4096;
  }
  got += reader.buffered();
  EXPECT_EQ(got, content);
}

}  // namespace
}  // namespace staffetta::net
