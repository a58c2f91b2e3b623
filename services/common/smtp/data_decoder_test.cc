#include "common/smtp/data_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace staffetta::smtp {
namespace {

using std::string_literals::operator""s;

struct Outcome {
  std::string content;  // only looked at when nothing is flagged
  size_t consumed = 0;
  bool done = false;
  bool bad_bytes = false;
  bool bare_lf = false;
  bool line_too_long = false;
  bool too_big = false;
  uint64_t size = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& os, const Outcome& o) {
    return os << testing::PrintToString(o.content) << " consumed " << o.consumed << " done "
              << o.done << " bad " << o.bad_bytes << " lf " << o.bare_lf << " long "
              << o.line_too_long << " big " << o.too_big << " size " << o.size;
  }
};

Outcome Decode(const std::vector<std::string>& pieces, DataDecoder::Options options) {
  DataDecoder decoder(options);
  Outcome outcome;
  for (const std::string& piece : pieces) {
    if (decoder.done()) break;
    const size_t used = decoder.Feed(piece, &outcome.content);
    outcome.consumed += used;
    EXPECT_TRUE(decoder.done() || used == piece.size());
  }
  outcome.done = decoder.done();
  outcome.bad_bytes = decoder.bad_bytes();
  outcome.bare_lf = decoder.bare_lf();
  outcome.line_too_long = decoder.line_too_long();
  outcome.too_big = decoder.too_big();
  outcome.size = decoder.size();
  if (outcome.bad_bytes || outcome.too_big) outcome.content.clear();
  return outcome;
}

// Decodes in one piece, and checks that every other way to cut the input gives the same.
Outcome DecodeEveryWay(const std::string& input, DataDecoder::Options options) {
  const Outcome whole = Decode({input}, options);
  std::vector<std::string> octets;
  for (size_t i = 0; i < input.size(); ++i) {
    octets.push_back(input.substr(i, 1));
    const Outcome split = Decode({input.substr(0, i), input.substr(i)}, options);
    EXPECT_EQ(whole, split) << "split at " << i << " of " << testing::PrintToString(input);
  }
  EXPECT_EQ(whole, Decode(octets, options)) << testing::PrintToString(input);
  return whole;
}

struct Case {
  std::string input;
  std::string content;
  std::string rest = "";  // what is left for the next command
};

TEST(DataDecoder, ContentEndsAtCrLfDotCrLf_AndDotsAreUnstuffed) {
  const std::vector<Case> cases = {
      {".\r\n", ""},
      {".\r\nQUIT\r\n", "", "QUIT\r\n"},
      {"\r\n.\r\n", "\r\n"},
      {"a\r\n.\r\n", "a\r\n"},
      {"a\r\n.\r\nMAIL FROM:<>\r\n", "a\r\n", "MAIL FROM:<>\r\n"},
      {"a\r\n.\r\n.\r\n", "a\r\n", ".\r\n"},
      {"a\r\n\r\nb\r\n.\r\n", "a\r\n\r\nb\r\n"},
      {"..\r\n.\r\n", ".\r\n"},
      {"...\r\n.\r\n", "..\r\n"},
      {"..a\r\n.b\r\n.\r\n", ".a\r\nb\r\n"},
      {". \r\n.\r\n", " \r\n"},
      {".a.\r\nb.\r\n.\r\n", "a.\r\nb.\r\n"},
      {"a.\r\n.\r\n", "a.\r\n"},
      {"a\r\n..\r\n..\r\n.\r\n", "a\r\n.\r\n.\r\n"},
      {"\xC3\xA8\xFF\r\n.\r\n", "\xC3\xA8\xFF\r\n"},
  };
  for (const bool strict : {false, true}) {
    for (const Case& c : cases) {
      const Outcome outcome = DecodeEveryWay(c.input, {.strict = strict});
      EXPECT_TRUE(outcome.done) << testing::PrintToString(c.input);
      EXPECT_EQ(outcome.content, c.content) << testing::PrintToString(c.input);
      EXPECT_EQ(outcome.size, c.content.size());
      EXPECT_EQ(c.input.substr(outcome.consumed), c.rest);
      EXPECT_FALSE(outcome.bad_bytes || outcome.bare_lf || outcome.line_too_long ||
                   outcome.too_big);
    }
  }
}

// SPEC S5
TEST(DataDecoder, BareLfBecomesCrLf_AndNeverEndsTheContent) {
  const std::vector<Case> cases = {
      {"a\n.\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"},
      {"a\n.\r\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"},
      {"a\r\n.\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"},
      {"a\n..\r\nb\r\n.\r\n", "a\r\n..\r\nb\r\n"},
      {"a\n..x\nb\r\n.\r\n", "a\r\n..x\r\nb\r\n"},
      {".\n.\r\n\r\n.\r\n", ".\r\n.\r\n\r\n"},
      {"\n.\r\n\r\n.\r\n", "\r\n.\r\n\r\n"},
      {"\n\n\r\n.\r\n", "\r\n\r\n\r\n"},
      {"a\n\r\n.\r\n", "a\r\n\r\n"},
      {"a\r\n\n.\r\nb\r\n.\r\n", "a\r\n\r\n.\r\nb\r\n"},
      {"a\r\n.\n.\r\nb\r\n.\r\n", "a\r\n.\r\n.\r\nb\r\n"},
      {"a\r\n..\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"},
  };
  for (const Case& c : cases) {
    const Outcome lenient = DecodeEveryWay(c.input, {});
    EXPECT_TRUE(lenient.done) << testing::PrintToString(c.input);
    EXPECT_EQ(lenient.content, c.content) << testing::PrintToString(c.input);
    EXPECT_EQ(lenient.consumed, c.input.size());
    EXPECT_TRUE(lenient.bare_lf);
    EXPECT_FALSE(lenient.bad_bytes);

    const Outcome strict = DecodeEveryWay(c.input, {.strict = true});
    EXPECT_TRUE(strict.done);
    EXPECT_TRUE(strict.bad_bytes) << testing::PrintToString(c.input);
    EXPECT_EQ(strict.consumed, c.input.size());
  }
}

// Every string of up to three of CR, LF, NUL and nothing, before and after the dot.
std::vector<std::string> Endings() {
  const std::vector<std::string> symbols = {"\r", "\n", "\0"s};
  std::vector<std::string> endings = {""};
  size_t done = 0;
  for (int length = 1; length <= 3; ++length) {
    const size_t end = endings.size();
    for (; done < end; ++done) {
      for (const std::string& symbol : symbols) endings.push_back(endings[done] + symbol);
    }
  }
  return endings;
}

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// SPEC S5
TEST(DataDecoder, OfAllMixesOfCrLfNulAroundADot_OnlyCrLfDotCrLfEndsTheContent) {
  const std::string next = "MAIL FROM:<evil@example.com>\r\n";
  for (const std::string& before : Endings()) {
    for (const std::string& after : Endings()) {
      const std::string input = "a" + before + "." + after + next + ".\r\n";
      const bool ends = EndsWith(before, "\r\n") && after.rfind("\r\n", 0) == 0;
      for (const bool strict : {false, true}) {
        const Outcome outcome = DecodeEveryWay(input, {.strict = strict});
        EXPECT_TRUE(outcome.done) << testing::PrintToString(input);
        EXPECT_EQ(outcome.consumed, ends ? before.size() + 4 : input.size())
            << testing::PrintToString(input);
        // The content up to the end that was found is flagged exactly when it has bad bytes.
        const std::string content = input.substr(0, outcome.consumed);
        bool bad = content.find('\0') != std::string::npos;
        bool bare_lf = false;
        for (size_t i = 0; i < content.size(); ++i) {
          if (content[i] == '\r' && content[i + 1] != '\n') bad = true;
          if (content[i] == '\n' && content[i - 1] != '\r') bare_lf = true;
        }
        EXPECT_EQ(outcome.bare_lf, bare_lf) << testing::PrintToString(input);
        EXPECT_EQ(outcome.bad_bytes, bad || (strict && bare_lf)) << testing::PrintToString(input);
      }
    }
  }
}

// SPEC S5
TEST(DataDecoder, BareCrOrNul_IsFlaggedAndTheRealEndIsStillFound) {
  for (const std::string& input :
       {"a\rb\r\n.\r\n"s, "\r.\r\r\n.\r\n"s, "a\r\n.\r.\r\n.\r\n"s, "a\0b\r\n.\r\n"s,
        ".\0\r\n.\r\n"s, "a\r\r\n.\r\n"s, "\r\r\r\n.\r\n"s, "a\r\n.\0\n.\r\n\r\n.\r\n"s}) {
    for (const bool strict : {false, true}) {
      const Outcome outcome = DecodeEveryWay(input + "QUIT\r\n", {.strict = strict});
      EXPECT_TRUE(outcome.done) << testing::PrintToString(input);
      EXPECT_TRUE(outcome.bad_bytes) << testing::PrintToString(input);
      EXPECT_EQ(outcome.consumed, input.size()) << testing::PrintToString(input);
    }
  }
}

TEST(DataDecoder, NulBehindTheEnd_IsNotOfTheContent) {
  EXPECT_FALSE(DecodeEveryWay("a\r\n.\r\n\0"s, {}).bad_bytes);
}

TEST(DataDecoder, WithoutTheEnd_IsNotDone) {
  for (const char* input : {"", "a", "a\r\n", ".", ".\r", "a\r\n.", "a\r\n.\r", "a\r", "a\n.\n"}) {
    EXPECT_FALSE(DecodeEveryWay(input, {}).done) << testing::PrintToString(input);
  }
}

// SPEC S6
TEST(DataDecoder, LineLimit_CountsDecodedOctetsWithoutCrLf) {
  const std::string fits(10, 'x'), over(11, 'x');
  const DataDecoder::Options options{.max_line = 10};
  for (const std::string& before : {""s, "a\r\n"s, "a\n"s}) {
    EXPECT_FALSE(DecodeEveryWay(before + fits + "\r\n.\r\n", options).line_too_long);
    EXPECT_FALSE(DecodeEveryWay(before + fits + "\nb\r\n.\r\n", options).line_too_long);
    EXPECT_TRUE(DecodeEveryWay(before + over + "\r\n.\r\n", options).line_too_long);
    EXPECT_TRUE(DecodeEveryWay(before + over + "\nb\r\n.\r\n", options).line_too_long);
  }
  EXPECT_FALSE(DecodeEveryWay("." + fits + "\r\n.\r\n", options).line_too_long);
  EXPECT_TRUE(DecodeEveryWay("." + over + "\r\n.\r\n", options).line_too_long);
  const Outcome kept = DecodeEveryWay(over + "\r\n.\r\n", options);
  EXPECT_EQ(kept.content, over + "\r\n");
  EXPECT_FALSE(DecodeEveryWay(std::string(998, 'x') + "\r\n.\r\n", {}).line_too_long);
  EXPECT_TRUE(DecodeEveryWay(std::string(999, 'x') + "\r\n.\r\n", {}).line_too_long);
}

// SPEC S6
TEST(DataDecoder, SizeLimit_StopsStoringButReadsToTheEnd) {
  const DataDecoder::Options options{.max_size = 6};
  const Outcome fits = DecodeEveryWay("..234\r\n.\r\n", options);
  EXPECT_FALSE(fits.too_big);
  EXPECT_EQ(fits.content, ".234\r\n");
  const Outcome over = DecodeEveryWay("12345\r\n.\r\nQUIT\r\n", options);
  EXPECT_TRUE(over.too_big);
  EXPECT_TRUE(over.done);
  EXPECT_EQ(over.consumed, 10u);
  EXPECT_EQ(over.size, 7u);

  DataDecoder decoder(options);
  std::string out;
  for (int i = 0; i < 1000; ++i) decoder.Feed("0123456789\r\n", &out);
  EXPECT_LE(out.size(), 12u);
  EXPECT_EQ(decoder.size(), 12000u);
}

TEST(DataDecoder, OutputIsAppended) {
  DataDecoder decoder({});
  std::string out = "before ";
  decoder.Feed("a\r\n.\r\n", &out);
  EXPECT_EQ(out, "before a\r\n");
}

TEST(DataDecoder, CountedContent_KnowsNoDots) {
  const DataDecoder::Options counted{.framing = DataDecoder::Framing::kCounted};
  for (const char* text : {"", "a", ".\r\n", "a\r\n.\r\n..b\r\n", "a\r\n"}) {
    const Outcome outcome = DecodeEveryWay(text, counted);
    EXPECT_EQ(outcome.content, text);
    EXPECT_FALSE(outcome.done);
    EXPECT_FALSE(outcome.bad_bytes);
  }
  EXPECT_EQ(DecodeEveryWay("a\n.\n", counted).content, "a\r\n.\r\n");
  EXPECT_TRUE(DecodeEveryWay("a\rb", counted).bad_bytes);
}

TEST(DataDecoder, CountedContentThatEndsInCr_IsBad) {
  for (const char* text : {"a\r", "\r", "a\r\n"}) {
    DataDecoder decoder({.framing = DataDecoder::Framing::kCounted});
    std::string out;
    decoder.Feed(text, &out);
    EXPECT_FALSE(decoder.bad_bytes());
    decoder.Finish();
    EXPECT_TRUE(decoder.done());
    EXPECT_EQ(decoder.bad_bytes(), std::string_view(text).back() == '\r');
  }
}

// SPEC S4, RFC 3030 §3
TEST(DataDecoder, Binary_KeepsEveryOctet) {
  DataDecoder decoder({.framing = DataDecoder::Framing::kCounted,
                       .strict = true,
                       .binary = true,
                       .max_line = 1,
                       .max_size = 20});
  const std::string octets("\0\r\n.\r\n\r\r\n\n\xff longer\r", 19);
  std::string out;
  EXPECT_EQ(decoder.Feed(octets, &out), octets.size());
  EXPECT_EQ(decoder.Feed("", &out), 0U);
  decoder.Feed("x", &out);
  EXPECT_FALSE(decoder.too_big());
  decoder.Finish();
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(out, octets + "x");
  EXPECT_FALSE(decoder.bad_bytes() || decoder.line_too_long() || decoder.bare_lf());
}

TEST(DataDecoder, BinaryOverSize_IsTooBig) {
  DataDecoder decoder({.framing = DataDecoder::Framing::kCounted, .binary = true, .max_size = 2});
  std::string out;
  decoder.Feed("abc", &out);
  EXPECT_TRUE(decoder.too_big());
}

}  // namespace
}  // namespace staffetta::smtp
