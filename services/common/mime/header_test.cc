#include "common/mime/header.h"

#include <gtest/gtest.h>

#include <string>

namespace staffetta::mime {
namespace {

using std::string_literals::operator""s;

TEST(HeaderBlock, FieldsAreFoundWithTheirPlaces) {
  const std::string content =
      "From: a@b\r\nSubject: one\r\n two\r\n\tthree\r\nX-Empty:\r\nfrom:c@d\r\n\r\nBody: no\r\n";
  const HeaderBlock block = HeaderBlock::Parse(content);
  ASSERT_EQ(block.fields().size(), 4u);
  const Field& subject = block.fields()[1];
  EXPECT_EQ(subject.name, "Subject");
  EXPECT_EQ(subject.value, " one\r\n two\r\n\tthree");
  EXPECT_EQ(content.substr(subject.offset, subject.length), "Subject: one\r\n two\r\n\tthree\r\n");
  EXPECT_EQ(Unfold(subject.value), "one two\tthree");
  EXPECT_EQ(block.fields()[2].value, "");
  EXPECT_EQ(block.Count("FROM"), 2u);
  EXPECT_EQ(block.Find("from")->value, " a@b");
  EXPECT_EQ(block.Find("Body"), nullptr);
  EXPECT_TRUE(block.complete());
  EXPECT_EQ(content.substr(block.header_end(), 4), "\r\n"s + "Bo");
  EXPECT_EQ(content.substr(block.body_offset()), "Body: no\r\n");
  EXPECT_FALSE(block.no_colon() || block.space_before_colon() || block.eight_bit() ||
               block.bad_bytes());
}

TEST(HeaderBlock, WithoutEmptyLine_AllIsHeader) {
  for (const std::string content : {"A: b\r\nC: d\r\n", "A: b\r\nC: d"}) {
    const HeaderBlock block = HeaderBlock::Parse(content);
    EXPECT_EQ(block.fields().size(), 2u);
    EXPECT_EQ(block.Find("C")->value, " d");
    EXPECT_FALSE(block.complete());
    EXPECT_EQ(block.header_end(), content.size());
    EXPECT_EQ(block.body_offset(), content.size());
  }
  EXPECT_FALSE(HeaderBlock::Parse("").complete());
}

TEST(HeaderBlock, WithoutHeader_TheBodyBeginsAtZero) {
  for (const char* content : {"hello\r\nFrom: a@b\r\n\r\n", " folded: x\r\nA: b\r\n\r\n",
                              ": x\r\n\r\n", "two words: x\r\n\r\n"}) {
    const HeaderBlock block = HeaderBlock::Parse(content);
    EXPECT_TRUE(block.complete()) << content;
    EXPECT_TRUE(block.no_colon());
    EXPECT_TRUE(block.fields().empty());
    EXPECT_EQ(block.body_offset(), 0u);
  }
  const HeaderBlock empty = HeaderBlock::Parse("\r\nbody");
  EXPECT_TRUE(empty.complete());
  EXPECT_EQ(empty.header_end(), 0u);
  EXPECT_EQ(empty.body_offset(), 2u);
}

// SPEC V6
TEST(HeaderBlock, DisguisesAreSeen) {
  const HeaderBlock spaced = HeaderBlock::Parse("From: a@b\r\nFrom : c@d\r\nFROM\t:e@f\r\n\r\n");
  EXPECT_EQ(spaced.Count("From"), 3u);
  EXPECT_TRUE(spaced.space_before_colon());
  EXPECT_TRUE(spaced.fields()[1].space_before_colon);

  const HeaderBlock no_colon = HeaderBlock::Parse("A: b\r\nno colon here\r\n more\r\nC: d\r\n\r\n");
  EXPECT_TRUE(no_colon.no_colon());
  ASSERT_EQ(no_colon.fields().size(), 3u);
  EXPECT_EQ(no_colon.fields()[1].name, "");
  EXPECT_EQ(no_colon.Find("C")->value, " d");

  for (const std::string& hidden :
       {"A: b\rFrom: c@d\r\n\r\n"s, "A: b\nFrom: c@d\r\n\r\n"s, "A: b\0\r\n\r\n"s, "A: b\r\n\n"s}) {
    EXPECT_TRUE(HeaderBlock::Parse(hidden).bad_bytes()) << testing::PrintToString(hidden);
  }
  EXPECT_EQ(HeaderBlock::Parse("A: b\nFrom: c@d\r\n\r\n").Count("From"), 1u);
  EXPECT_TRUE(HeaderBlock::Parse("A: \xC3\xA8\r\n\r\n").eight_bit());
  EXPECT_FALSE(HeaderBlock::Parse("A: b\r\n\r\n\xC3\xA8\r\n").eight_bit());
}

// SPEC S6
TEST(HeaderBlock, LimitsHoldAtNAndBreakAtNPlus1) {
  const std::string two = "A: b\r\nC: d\r\n";  // 12 octets
  EXPECT_EQ(HeaderBlock::Parse(two + "\r\n", {.max_fields = 2}).fault(), HeaderBlock::Fault::kNone);
  EXPECT_EQ(HeaderBlock::Parse(two + "\r\n", {.max_fields = 1}).fault(),
            HeaderBlock::Fault::kTooManyFields);
  for (const std::string& tail : {""s, "\r\n"s, "\r\nbody body body\r\n"s}) {
    EXPECT_EQ(HeaderBlock::Parse(two + tail, {.max_bytes = 12}).fault(), HeaderBlock::Fault::kNone);
    EXPECT_EQ(HeaderBlock::Parse(two + tail, {.max_bytes = 11}).fault(),
              HeaderBlock::Fault::kTooLarge);
  }
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "A: b\r\n";
  EXPECT_EQ(HeaderBlock::Parse(many).fault(), HeaderBlock::Fault::kTooManyFields);
  EXPECT_EQ(HeaderBlock::Parse("A: " + std::string(300 * 1024, 'x')).fault(),
            HeaderBlock::Fault::kTooLarge);
  EXPECT_EQ(HeaderBlock::Parse("A: b\r\n\r\n" + std::string(300 * 1024, 'x')).fault(),
            HeaderBlock::Fault::kNone);
}

TEST(HeaderBlock, EveryPrefixIsSafeToParse_AndOnlyIncompleteOnesDiffer) {
  const std::string content = "From: a@b\r\nSubject: x\r\n y\r\n\r\nbody\r\n";
  const size_t whole = content.find("\r\n\r\n") + 4;
  for (size_t i = 0; i <= content.size(); ++i) {
    const std::string prefix = content.substr(0, i);
    const HeaderBlock block = HeaderBlock::Parse(prefix);
    EXPECT_EQ(block.complete(), i >= whole) << i;
    if (i < whole) continue;
    EXPECT_EQ(block.fields().size(), 2u);
  }
}

}  // namespace
}  // namespace staffetta::mime
