#include "common/base/json.h"

#include <gtest/gtest.h>

namespace staffetta {
namespace {

TEST(Json, Values_AreReadAndWritten) {
  for (const char* text : {R"({"a":[1,true,null,"x"]})", R"({"a":{"a":1},"b":{"a":2}})", "null",
                           R"(["a:b","\":","\\",{"k\"":":"}])", "\"caf\xC3\xA9\""}) {
    const auto value = ParseJson(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(ToJson(*value), text);
  }
}

TEST(Json, WhatIsNotJson_IsRefused) {
  for (const char* text : {"", "{", "{}x", "{} {}", "{a:1}", "{'a':1}", "[1,]", "// no\n1", "NaN",
                           "\"\t\"", "\"\xE9\"", "\"\\x\"", "01"}) {
    EXPECT_FALSE(ParseJson(text)) << text;
  }
}

TEST(Json, KeyTwiceInOneObject_IsRefused) {
  EXPECT_FALSE(ParseJson(R"({"a":1,"a":1})"));
  EXPECT_FALSE(ParseJson(R"({"a":1,"\u0061":2})"));
  EXPECT_FALSE(ParseJson(R"([{"b":{"a":1,"c":2,"a":3}}])"));
}

TEST(Json, Depth_HasALimit) {
  EXPECT_TRUE(ParseJson(std::string(32, '[') + std::string(32, ']')));
  EXPECT_FALSE(ParseJson(std::string(33, '[') + std::string(33, ']')));
}

}  // namespace
}  // namespace staffetta
