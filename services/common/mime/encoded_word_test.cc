#include "common/mime/encoded_word.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/smtp/utf8.h"

namespace staffetta::mime {
namespace {

using std::string_literals::operator""s;

TEST(EncodedWord, IsDecodedForDisplay) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {" plain text ", "plain text"},
      {"one\r\n two", "one two"},
      {"=?UTF-8?B?w6h2aXZh?=", "\xC3\xA8viva"},
      {"=?utf-8?q?=C3=A8_viva?=", "\xC3\xA8 viva"},
      {"=?iso-8859-1?Q?=E8_viva?=", "\xC3\xA8 viva"},
      {"=?us-ascii*en?Q?a=20b?=", "a b"},
      {"Re: =?utf-8?q?a?= b =?utf-8?q?c?=", "Re: a b c"},
      {"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"},
      {"=?utf-8?q?a?=\r\n =?utf-8?q?b?= c", "ab c"},
      {"=?utf-8?b?w6g=?= =?utf-8?b?w6g=?=", "\xC3\xA8\xC3\xA8"},
      {"=?utf-8?q?=C3?= =?utf-8?q?=A8?=", "\xC3\xA8"},
      {"(=?utf-8?q?a?=)", "(a)"},
      {"raw \xC3\xA8", "raw \xC3\xA8"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(DecodeHeaderText(value), text) << value;
}

TEST(EncodedWord, WhatCannotBeDecoded_StaysAsWritten) {
  for (const char* value :
       {"=?koi8-r?q?=C3?=", "=?utf-8?x?a?=", "=?utf-8?b?*?=", "=?utf-8?q?=G0?=", "=?utf-8?q?=?=",
        "=?utf-8?q?a b?=", "=?utf-8?q?a", "=?utf-8?q", "=?utf-8", "=?",
        "=?us-ascii?q?=FF?=", "=?utf-8?q?a?", "=??q?a?=", "=?=?=?", "1 =?= 2", "a=?b"}) {
    EXPECT_EQ(DecodeHeaderText(value), value);
  }
}

TEST(EncodedWord, TheResultIsUtf8WithoutControls) {
  EXPECT_EQ(DecodeHeaderText("=?utf-8?q?a=0D=0ABcc:_x?="), "a  Bcc: x");
  EXPECT_EQ(DecodeHeaderText("a\0b\x1B"s), "a b ");
  EXPECT_EQ(DecodeHeaderText("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(DecodeHeaderText("=?utf-8?q?=FFz?="), "\xEF\xBF\xBDz");
  EXPECT_EQ(DecodeHeaderText("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

// SPEC S6
TEST(EncodedWord, IsBoundedAndCutBetweenCharacters) {
  EXPECT_EQ(DecodeHeaderText("abcdef", 5), "abcde");
  EXPECT_EQ(DecodeHeaderText("abcd\xC3\xA8", 5), "abcd");
  EXPECT_EQ(DecodeHeaderText("abc\xC3\xA8", 5), "abc\xC3\xA8");
  for (const char* piece : {"=?", "=?utf-8?q?=E8?= ", "a ", "=?utf-8?b?", " ", "\xC3"}) {
    std::string value;
    while (value.size() < 1'000'000) value += piece;
    const std::string text = DecodeHeaderText(value);
    EXPECT_LE(text.size(), kMaxDecodedHeader);
    EXPECT_TRUE(smtp::IsUtf8(text));
  }
}

TEST(EncodedWord, OtherCharsets_AreDecoded) {
  EXPECT_EQ(DecodeHeaderText("=?iso-8859-15?q?5_=A4?= =?windows-1252?q?=80?="), "5 €€");
  EXPECT_EQ(DecodeHeaderText("=?shift_jis?q?=80?="), "=?shift_jis?q?=80?=");
}

TEST(EncodedWord, PlainText_IsWrittenAsItIs) {
  EXPECT_EQ(EncodeHeaderText(""), "");
  EXPECT_EQ(EncodeHeaderText("for you, [x] = 1?"), "for you, [x] = 1?");
  EXPECT_EQ(EncodeHeaderText(std::string(900, 'x')), std::string(900, 'x'));
}

TEST(EncodedWord, OtherText_IsWrittenAsWordsThatCanBeRead) {
  EXPECT_EQ(EncodeHeaderText("café"), "=?UTF-8?B?Y2Fmw6k=?=");
  EXPECT_EQ(EncodeHeaderText("=?a?q?b?="), "=?UTF-8?B?PT9hP3E/Yj89?=");
  for (const std::string& text :
       {std::string(901, 'x'), std::string("日本語€é x ") + std::string(200, 'y') +
                                   "日本語日本語日本語日本語日本語日本語"}) {
    const std::string encoded = EncodeHeaderText(text);
    EXPECT_EQ(DecodeWords(encoded), text);
    EXPECT_TRUE(smtp::IsAscii(encoded));
    EXPECT_LE(encoded.find("\r\n"), 68U);
  }
}

}  // namespace
}  // namespace staffetta::mime
