#include "common/smtp/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace staffetta::smtp {
namespace {

using std::string_literals::operator""s;
using State = ReplyParser::State;

TEST(EnhancedCode, OnlyTheGrammarIsRead) {
  EXPECT_EQ(ParseEnhancedCode("2.0.0"), (EnhancedCode{2, 0, 0}));
  EXPECT_EQ(ParseEnhancedCode("5.7.999"), (EnhancedCode{5, 7, 999}));
  EXPECT_EQ(ParseEnhancedCode("4.10.1")->ToString(), "4.10.1");
  for (const char* bad : {"", "5", "5.7", "5.7.", "5..1", ".7.1", "3.0.0", "5.7.1000", "5.07.1",
                          "5.7.01", "5.7.1.", "5.7.1.2", "a.b.c", "5.7.1 ", "55.7.1", "-5.7.1"}) {
    EXPECT_FALSE(ParseEnhancedCode(bad)) << bad;
  }
  EXPECT_EQ(EnhancedCode{}.ToString(), "");
}

TEST(Reply, IsSerializedWithTheCodesOnEveryLine) {
  EXPECT_EQ(Serialize({250, {2, 0, 0}, "ok"}), "250 2.0.0 ok\r\n");
  EXPECT_EQ(Serialize({354, {}, "go on"}), "354 go on\r\n");
  EXPECT_EQ(Serialize({250, {}, "mx.example\nSIZE 10\nHELP"}),
            "250-mx.example\r\n250-SIZE 10\r\n250 HELP\r\n");
  EXPECT_EQ(Serialize({550, {5, 7, 1}, "no\nsorry"}), "550-5.7.1 no\r\n550 5.7.1 sorry\r\n");
  EXPECT_EQ(Serialize({250, {}, ""}), "250 \r\n");
  std::string out = "x";
  SerializeTo({221, {2, 0, 0}, "bye"}, &out);
  EXPECT_EQ(out, "x221 2.0.0 bye\r\n");
}

TEST(Reply, NothingBreaksOutOfItsLine) {
  EXPECT_EQ(Serialize({550, {}, "a\r\n250 ok"}), "550-a?\r\n550 250 ok\r\n");
  EXPECT_EQ(Serialize({550, {}, "a\rb\0c\x1B"s}), "550 a?b?c?\r\n");
}

// SPEC S6
TEST(Reply, LongLinesAreSplitAt512) {
  const std::string fits(kMaxReplyLine - 2 - 10, 'x');
  EXPECT_EQ(Serialize({550, {5, 7, 1}, fits}), "550 5.7.1 " + fits + "\r\n");
  EXPECT_EQ(Serialize({550, {5, 7, 1}, fits + "y"}), "550-5.7.1 " + fits + "\r\n550 5.7.1 y\r\n");
  EXPECT_EQ(Serialize({550, {5, 7, 1}, fits + " y"}), "550-5.7.1 " + fits + "\r\n550 5.7.1 y\r\n");
  EXPECT_EQ(Serialize({550, {5, 7, 1}, "a " + fits}), "550-5.7.1 a\r\n550 5.7.1 " + fits + "\r\n");

  std::string accents;
  for (int i = 0; i < 2000; ++i) accents += "\xE2\x82\xAC";
  const std::string wire = Serialize({250, {}, accents});
  std::string back;
  for (size_t at = 0; at < wire.size();) {
    const size_t end = wire.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end + 2 - at, kMaxReplyLine);
    EXPECT_EQ((end - at - 4) % 3, 0u) << "cut inside a character";
    back += wire.substr(at + 4, end - at - 4);
    at = end + 2;
  }
  EXPECT_EQ(back, accents);
}

TEST(Reply, LogLineIsOneLine) {
  EXPECT_EQ(ToLogLine({550, {5, 7, 1}, "no\nsorry\r"}), "550 5.7.1 no / sorry?");
  EXPECT_EQ(ToLogLine({250, {}, ""}), "250");
}

TEST(Reply, Classes) {
  EXPECT_TRUE((Reply{250}.IsPositive()));
  EXPECT_TRUE((Reply{354}.IsIntermediate()));
  EXPECT_TRUE((Reply{451}.IsTransient()));
  EXPECT_TRUE((Reply{550}.IsPermanent()));
  EXPECT_FALSE((Reply{450}.IsPermanent() || Reply{450}.IsPositive()));
}

struct GoodReply {
  std::vector<std::string> lines;
  Reply reply;
};

TEST(ReplyParser, GoodReplies_AreRead) {
  const std::vector<GoodReply> cases = {
      {{"220 mx.example ESMTP"}, {220, {}, "mx.example ESMTP"}},
      {{"250"}, {250, {}, ""}},
      {{"250 "}, {250, {}, ""}},
      {{"250-"}, {0, {}, ""}},
      {{"250 2.1.0 ok"}, {250, {2, 1, 0}, "ok"}},
      {{"250 2.1.0"}, {250, {2, 1, 0}, ""}},
      {{"250-mx", "250-SIZE 10", "250 HELP"}, {250, {}, "mx\nSIZE 10\nHELP"}},
      {{"550-5.7.1 no", "550 5.7.1 sorry"}, {550, {5, 7, 1}, "no\nsorry"}},
      {{"550-5.7.1 no", "550 sorry"}, {550, {5, 7, 1}, "no\nsorry"}},
      {{"550-5.7.1 no", "550 5.1.1 sorry"}, {550, {5, 7, 1}, "no\n5.1.1 sorry"}},
      {{"550 4.7.1 disagrees"}, {550, {}, "4.7.1 disagrees"}},
      {{"550 5.7.1no space"}, {550, {}, "5.7.1no space"}},
      {{"250-a", "250"}, {250, {}, "a\n"}},
      {{"354 go\rMAIL"}, {354, {}, "go?MAIL"}},
      {{"599 x"}, {599, {}, "x"}},
  };
  for (const GoodReply& c : cases) {
    ReplyParser parser;
    State state = State::kMore;
    for (const std::string& line : c.lines) {
      EXPECT_EQ(state, State::kMore) << line;
      state = parser.Feed(line);
    }
    if (c.reply.code == 0) {
      EXPECT_EQ(state, State::kMore);
      continue;
    }
    ASSERT_EQ(state, State::kDone) << c.lines.front();
    EXPECT_EQ(parser.reply(), c.reply) << ToLogLine(parser.reply());
  }
}

TEST(ReplyParser, BadReplies_AreErrorsUntilReset) {
  const std::vector<std::vector<std::string>> cases = {
      {""},           {"25"},     {"abc"},    {"150 x"},           {"600 x"},
      {"2500 x"},     {"250x"},   {" 250 x"}, {"250-a", "251 b"},  {"250-a", ""},
      {"250-a", "b"}, {"-250 x"}, {"250_a"},  {"HTTP/1.1 200 OK"}, {"SSH-2.0-x"},
  };
  for (const auto& lines : cases) {
    ReplyParser parser;
    State state = State::kMore;
    for (const std::string& line : lines) state = parser.Feed(line);
    EXPECT_EQ(state, State::kError) << lines.back();
    EXPECT_EQ(parser.Feed("250 ok"), State::kError);
    parser.Reset();
    EXPECT_EQ(parser.Feed("250 ok"), State::kDone);
  }
}

TEST(ReplyParser, AfterAReply_TheNextOneStartsAnew) {
  ReplyParser parser;
  parser.Feed("250-a");
  EXPECT_EQ(parser.Feed("250 b"), State::kDone);
  EXPECT_EQ(parser.Feed("550 5.1.1 c"), State::kDone);
  EXPECT_EQ(parser.reply(), (Reply{550, {5, 1, 1}, "c"}));
}

// SPEC S6
TEST(ReplyParser, IsBounded) {
  ReplyParser parser;
  for (size_t i = 1; i < ReplyParser::kMaxLines; ++i) {
    ASSERT_EQ(parser.Feed("250-x"), State::kMore);
  }
  EXPECT_EQ(parser.Feed("250 x"), State::kDone);
  for (size_t i = 1; i <= ReplyParser::kMaxLines; ++i) parser.Feed("250-x");
  EXPECT_EQ(parser.Feed("250 x"), State::kError);

  parser.Reset();
  EXPECT_EQ(parser.Feed("250 " + std::string(ReplyParser::kMaxBytes - 4, 'x')), State::kDone);
  EXPECT_EQ(parser.Feed("250 " + std::string(ReplyParser::kMaxBytes - 3, 'x')), State::kError);
}

TEST(ReplyParser, ReadsWhatIsSerialized) {
  const Reply reply{550, {5, 7, 1}, "first\nsecond\nthird"};
  const std::string wire = Serialize(reply);
  ReplyParser parser;
  State state = State::kMore;
  for (size_t at = 0; at < wire.size();) {
    const size_t end = wire.find("\r\n", at);
    state = parser.Feed(std::string_view(wire).substr(at, end - at));
    at = end + 2;
  }
  EXPECT_EQ(state, State::kDone);
  EXPECT_EQ(parser.reply(), reply);
}

}  // namespace
}  // namespace staffetta::smtp
