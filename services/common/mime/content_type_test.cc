#include "common/mime/content_type.h"

#include <gtest/gtest.h>

namespace staffetta::mime {
namespace {

// "type/subtype|name=value|…", "none".
std::string Parse(std::string_view raw) {
  const auto parsed = ParseContentType(raw);
  if (!parsed) return "none";
  std::string out = parsed->type + "/" + parsed->subtype;
  for (const Parameter& parameter : parsed->parameters) {
    out += "|" + parameter.name + "=" + parameter.value;
  }
  return out;
}

TEST(ContentType, IsParsedAsClientsWriteIt) {
  EXPECT_EQ(Parse(" text/plain"), "text/plain");
  EXPECT_EQ(Parse("TEXT/Html; Charset=UTF-8"), "text/html|charset=UTF-8");
  EXPECT_EQ(Parse(" multipart/mixed;\r\n\tboundary=\"a b\\\"c\""),
            "multipart/mixed|boundary=a b\"c");
  EXPECT_EQ(Parse("text/plain;"), "text/plain");
  EXPECT_EQ(Parse("text/plain ; charset = us-ascii ; format=flowed"),
            "text/plain|charset=us-ascii|format=flowed");
  EXPECT_EQ(Parse("(c) text (a(b)\\)) / (x) plain (y); (z) a=b (w)"), "text/plain|a=b");
  EXPECT_EQ(Parse("image/png; name*=utf-8''a; name=\"\xE9\""),
            "image/png|name*=utf-8''a|name=\xE9");
}

TEST(ContentType, WhatIsNone_IsRefused) {
  for (const char* bad : {"", "text", "text/", "/plain", "text plain", "text/plain; charset",
                          "text/plain; charset=", "text/plain; =x", "text/plain; a=\"b",
                          "text/plain; (a=b", "text/plain a=b", "text/plain; a=b; A=c"}) {
    EXPECT_EQ(Parse(bad), "none") << bad;
  }
}

TEST(ContentType, RawValue_IsWhereItStands) {
  const std::string value = "text/plain; charset=\"us-ascii\"; x=y";
  const auto parsed = ParseContentType(value);
  ASSERT_TRUE(parsed);
  const Parameter* const charset = parsed->Find("charset");
  ASSERT_NE(charset, nullptr);
  EXPECT_EQ(charset->raw, "\"us-ascii\"");
  EXPECT_EQ(charset->raw.data() - value.data(), 20);
  EXPECT_EQ(parsed->Find("boundary"), nullptr);
}

}  // namespace
}  // namespace staffetta::mime
