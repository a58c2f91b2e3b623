#include "common/mime/charset.h"

#include <gtest/gtest.h>

namespace staffetta::mime {
namespace {

TEST(Charset, FamiliesWithAsciiInThem_AreKnown) {
  for (const char* known : {"utf-8", "UTF-8", "us-ascii", "iso-8859-1", "ISO-8859-15",
                            "windows-1252", "Windows-1250", "iso-8859-16", "windows-1258"}) {
    EXPECT_TRUE(IsKnownCharset(known)) << known;
  }
  for (const char* other : {"", "utf8", "utf-16", "iso-8859-", "iso-8859-0", "iso-8859-01",
                            "iso-8859-12", "iso-8859-17", "windows-125", "windows-1259",
                            "windows-12520", "shift_jis", "iso-2022-jp", "iso-8859-1//TRANSLIT"}) {
    EXPECT_FALSE(IsKnownCharset(other)) << other;
  }
}

TEST(Charset, Octets_BecomeUtf8) {
  EXPECT_EQ(ToUtf8("caf\xE9", "ISO-8859-1"), "café");
  EXPECT_EQ(ToUtf8("\xA4", "iso-8859-15"), "€");
  EXPECT_EQ(ToUtf8("\x80", "windows-1252"), "€");
  EXPECT_EQ(ToUtf8("café", "utf-8"), "café");
  EXPECT_EQ(ToUtf8("plain", "us-ascii"), "plain");
  EXPECT_EQ(ToUtf8("caf\xE9", "us-ascii"), std::nullopt);
  EXPECT_EQ(ToUtf8("\x81", "windows-1252"), std::nullopt);
  EXPECT_EQ(ToUtf8("plain", "utf-7"), std::nullopt);
}

TEST(Charset, WhatACharsetDoesNotHave_IsReplaced) {
  EXPECT_EQ(FromUtf8("é€", "iso-8859-1", Instead::kQuestionMark), "\xE9?");
  EXPECT_EQ(FromUtf8("é€", "iso-8859-15", Instead::kQuestionMark), "\xE9\xA4");
  EXPECT_EQ(FromUtf8("日本 ü😀", "windows-1252", Instead::kHtmlReference),
            "&#26085;&#26412; \xFC&#128512;");
  EXPECT_EQ(FromUtf8("é", "us-ascii", Instead::kQuestionMark), "?");
  EXPECT_EQ(FromUtf8("日本", "utf-8", Instead::kQuestionMark), "日本");
}

TEST(Charset, LongText_IsConvertedWhole) {
  std::string text;
  std::string octets;
  for (int i = 0; i < 10000; ++i) {
    text += "é";
    octets += "\xE9";
  }
  EXPECT_EQ(FromUtf8(text, "iso-8859-1", Instead::kQuestionMark), octets);
  EXPECT_EQ(ToUtf8(octets, "iso-8859-1"), text);
}

}  // namespace
}  // namespace staffetta::mime
