#include "common/smtp/data_encoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/smtp/data_decoder.h"

namespace staffetta::smtp {
namespace {

std::string Encode(const std::vector<std::string>& pieces) {
  DataEncoder encoder;
  std::string out;
  for (const std::string& piece : pieces) encoder.Feed(piece, &out);
  encoder.Finish(&out);
  return out;
}

std::string EncodeEveryWay(const std::string& content) {
  std::string whole;
  EncodeData(content, &whole);
  std::vector<std::string> octets;
  for (size_t i = 0; i < content.size(); ++i) {
    octets.push_back(content.substr(i, 1));
    EXPECT_EQ(whole, Encode({content.substr(0, i), content.substr(i)}))
        << "split at " << i << " of " << testing::PrintToString(content);
  }
  EXPECT_EQ(whole, Encode(octets)) << testing::PrintToString(content);
  return whole;
}

TEST(DataEncoder, DotsAreStuffedAndTheEndIsWhole) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ".\r\n"},
      {"a", "a\r\n.\r\n"},
      {"a\r\n", "a\r\n.\r\n"},
      {"\r\n", "\r\n.\r\n"},
      {".", "..\r\n.\r\n"},
      {".\r\n", "..\r\n.\r\n"},
      {"..\r\n", "...\r\n.\r\n"},
      {"a\r\n.b\r\n..c\r\nd.\r\n", "a\r\n..b\r\n...c\r\nd.\r\n.\r\n"},
      {"a\r\n.\r\nMAIL FROM:<>\r\n", "a\r\n..\r\nMAIL FROM:<>\r\n.\r\n"},
      {"a.\r\n\r\n.", "a.\r\n\r\n..\r\n.\r\n"},
  };
  for (const auto& [content, encoded] : cases) {
    EXPECT_EQ(EncodeEveryWay(content), encoded) << testing::PrintToString(content);
  }
}

// SPEC S5
TEST(DataEncoder, BareCrOrLf_NeverLeaves) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\nb", "a\r\nb\r\n.\r\n"},
      {"a\rb", "a\r\nb\r\n.\r\n"},
      {"a\r", "a\r\n.\r\n"},
      {"a\n", "a\r\n.\r\n"},
      {"\r", "\r\n.\r\n"},
      {"\r\r", "\r\n\r\n.\r\n"},
      {"\r\r\n", "\r\n\r\n.\r\n"},
      {"\n\r", "\r\n\r\n.\r\n"},
      {"a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"},
      {"a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"},
      {"a\r\n.\rb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
      {"a\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
      {"a\r.\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
  };
  for (const auto& [content, encoded] : cases) {
    EXPECT_EQ(EncodeEveryWay(content), encoded) << testing::PrintToString(content);
  }
}

// SPEC S5
TEST(DataEncoder, OfAllShortContents_NoneCanEndEarlyOrLeaveABareByte) {
  const std::string alphabet = "a.\r\n";
  std::vector<std::string> contents = {""};
  for (size_t i = 0; i < contents.size() && contents[i].size() < 6; ++i) {
    for (char c : alphabet) contents.push_back(contents[i] + c);
  }
  for (const std::string& content : contents) {
    std::string wire;
    EncodeData(content, &wire);
    DataDecoder decoder({.strict = true});
    std::string back;
    ASSERT_EQ(decoder.Feed(wire, &back), wire.size()) << testing::PrintToString(content);
    ASSERT_TRUE(decoder.done());
    ASSERT_FALSE(decoder.bad_bytes()) << testing::PrintToString(content);
  }
}

// SPEC S8
TEST(DataEncoder, WhatIsDecodedAgain_IsTheSameContent) {
  const std::string content =
      "Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nb\r\n\r\n.. .\r\n.\r\n\r\n\xC3\xA8\r\n";
  std::string wire, back;
  EncodeData(content, &wire);
  DataDecoder decoder({.strict = true});
  EXPECT_EQ(decoder.Feed(wire, &back), wire.size());
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(back, content);
}

TEST(DataEncoder, OutputIsAppended) {
  std::string out = "before ";
  EncodeData("a\r\n", &out);
  EXPECT_EQ(out, "before a\r\n.\r\n");
}

// RFC 3030 §3: what is binary cannot go by DATA.
TEST(DataEncoder, LinesOfText_FitData) {
  using namespace std::string_literals;
  for (const auto& good : {""s, "\r\n"s, "a\r\n\r\n.\r\n"s, "\xff\r\n"s, "abcd\r\n"s}) {
    EXPECT_TRUE(FitsData(good, 4)) << good;
  }
  for (const auto& bad : {"a"s, "a\r"s, "a\n"s, "\n\r\n"s, "a\nb\r\n"s, "a\rb\r\n"s, "a\0\r\n"s,
                          "abcde\r\n"s, "a\r\r\n"s}) {
    EXPECT_FALSE(FitsData(bad, 4)) << bad;
  }
}

// SPEC Q8
TEST(DataFit, HoweverItIsCut_SaysWhatFitsDataSays) {
  using namespace std::string_literals;
  for (const auto& content : {""s, "ab\r\n\r\ncd\r\n"s, "abcd\r\n"s, "abcde\r\n"s, "ab\r\ncd"s,
                              "ab\r\n\r"s, "a\rb\r\n"s, "a\r\r\n"s, "a\nb\r\n"s, "a\0\r\n"s}) {
    for (const size_t size : {1, 2, 3}) {
      DataFit fit(4);
      for (size_t at = 0; at < content.size(); at += size) fit.Feed(content.substr(at, size));
      EXPECT_EQ(fit.Fits(), FitsData(content, 4)) << content << size;
    }
  }
}

}  // namespace
}  // namespace staffetta::smtp
