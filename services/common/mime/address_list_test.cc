#include "common/mime/address_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace staffetta::mime {
namespace {

using std::string_literals::operator""s;
using enum AddressListError;

struct Good {
  std::string value;
  std::vector<std::pair<std::string, std::string>> addresses;  // display name, address
};

// SPEC V6
TEST(AddressList, OnlyTheAddressCounts) {
  const std::vector<Good> cases = {
      {"a@b", {{"", "a@b"}}},
      {" a@b ", {{"", "a@b"}}},
      {"<a@b>", {{"", "a@b"}}},
      {"Ann <a@b>", {{"Ann", "a@b"}}},
      {"Ann  Lee<a@b>", {{"Ann Lee", "a@b"}}},
      {"John Q. Public <a@b>", {{"John Q. Public", "a@b"}}},
      {"\"Lee, Ann\" <a@b>", {{"Lee, Ann", "a@b"}}},
      {"\"good@bank.example\" <evil@x.org>", {{"good@bank.example", "evil@x.org"}}},
      {"\"good@bank.example>\" <evil@x.org>", {{"good@bank.example>", "evil@x.org"}}},
      {"\"a\\\"<good@bank.example>\" <evil@x.org>", {{"a\"<good@bank.example>", "evil@x.org"}}},
      {"(good@bank.example) evil@x.org", {{"", "evil@x.org"}}},
      {"evil@x.org (<good@bank.example>)", {{"", "evil@x.org"}}},
      {"Ann (a (nested \\) one)) <a(c)@(d)b(e)> (f)", {{"Ann", "a@b"}}},
      {"=?utf-8?q?good=40bank=2Eexample?= <evil@x.org>",
       {{"=?utf-8?q?good=40bank=2Eexample?=", "evil@x.org"}}},
      {"=?utf-8?q?=3Cgood=40bank=2Eexample=3E?= <evil@x.org>",
       {{"=?utf-8?q?=3Cgood=40bank=2Eexample=3E?=", "evil@x.org"}}},
      {"\"x@y\"@d.org", {{"", "\"x@y\"@d.org"}}},
      {"Ann <\"a b\"@d.org>", {{"Ann", "\"a b\"@d.org"}}},
      {"a@b, Bob <c@d>,\"E\" <e@f>", {{"", "a@b"}, {"Bob", "c@d"}, {"E", "e@f"}}},
      {" Ann\r\n <a@b>,\r\n\tc@d", {{"Ann", "a@b"}, {"", "c@d"}}},
      {"a @ b", {{"", "a@b"}}},
      {"a@[192.0.2.1]", {{"", "a@[192.0.2.1]"}}},
      {"J\xC3\xB6rg <j\xC3\xB6@b\xC3\xBC.example>",
       {{"J\xC3\xB6rg", "j\xC3\xB6@b\xC3\xBC.example"}}},
  };
  for (const Good& c : cases) {
    const auto list = ParseAddressList(c.value);
    ASSERT_TRUE(list.ok()) << c.value << ": " << Describe(list.error());
    ASSERT_EQ(list->size(), c.addresses.size()) << c.value;
    for (size_t i = 0; i < c.addresses.size(); ++i) {
      EXPECT_EQ((*list)[i].display_name, c.addresses[i].first) << c.value;
      EXPECT_EQ((*list)[i].mailbox.ToString(), c.addresses[i].second) << c.value;
    }
  }
}

// SPEC V6
TEST(AddressList, WhatAnotherReaderCouldTakeOtherwise_IsRefused) {
  const std::vector<std::pair<std::string, AddressListError>> cases = {
      {"", kEmpty},
      {" \t", kEmpty},
      {"(only a comment)", kEmpty},
      {"a@b,", kEmpty},
      {",a@b", kEmpty},
      {"a@b,,c@d", kEmpty},
      {"Ann", kSyntax},
      {"Ann, a@b", kSyntax},
      {"good@bank.example <evil@x.org>", kSyntax},
      {"<good@bank.example> <evil@x.org>", kSyntax},
      {"<good@bank.example> evil@x.org", kSyntax},
      {"Ann <a@b> x", kSyntax},
      {"a@b c@d", kSyntax},
      {"a@b; c@d", kSyntax},
      {"<>", kSyntax},
      {"Ann <>", kSyntax},
      {"<a>", kSyntax},
      {"<<a@b>>", kSyntax},
      {"<a@b,c@d>", kSyntax},
      {"a@b@c", kSyntax},
      {"Ann > <a@b>", kSyntax},
      {"a\\b@c", kSyntax},
      {"@b", kBadAddress},
      {"a@", kBadAddress},
      {"a@b.", kBadAddress},
      {"a..b@c", kBadAddress},
      {".a@c", kBadAddress},
      {"a . b@c", kBadAddress},
      {"Ann a@b", kBadAddress},
      {"<Ann a@b>", kBadAddress},
      {"a@-b", kBadAddress},
      {"a@[1.2.3]", kBadAddress},
      {"\xFF@b", kBadAddress},
      {std::string(65, 'a') + "@b", kBadAddress},
      {"Team: a@b, c@d;", kGroup},
      {"undisclosed-recipients:;", kGroup},
      {":;", kGroup},
      {"<@r.org:a@b>", kRoute},
      {"Ann <@r.org,@s.org:a@b>", kRoute},
      {"\"Ann <a@b>", kUnterminated},
      {"\"Ann\\", kUnterminated},
      {"(Ann <a@b>", kUnterminated},
      {"a@b (x\\", kUnterminated},
      {"<a@b", kUnterminated},
      {"<a", kUnterminated},
      {"a@[1.2.3.4", kUnterminated},
      {"a@b\r\nBcc: c@d", kBadBytes},
      {"a@b\r\n", kBadBytes},
      {"a@b\rc", kBadBytes},
      {"a@b\n c", kBadBytes},
      {"a\0@b"s, kBadBytes},
  };
  for (const auto& [value, error] : cases) {
    const auto list = ParseAddressList(value);
    ASSERT_FALSE(list.ok()) << testing::PrintToString(value);
    EXPECT_EQ(list.error(), error)
        << testing::PrintToString(value) << ": " << Describe(list.error());
  }
}

// SPEC S6
TEST(AddressList, LimitsHoldAtNAndBreakAtNPlus1) {
  std::string value = "a@b";
  for (size_t i = 1; i < kMaxAddresses; ++i) value += ",a@b";
  EXPECT_EQ(ParseAddressList(value)->size(), kMaxAddresses);
  EXPECT_EQ(ParseAddressList(value + ",a@b").error(), kTooMany);
  EXPECT_TRUE(ParseAddressList(std::string(32, '(') + std::string(32, ')') + "a@b").ok());
  EXPECT_EQ(ParseAddressList(std::string(33, '(') + std::string(33, ')') + "a@b").error(),
            kTooDeep);
}

TEST(AddressList, LongValues_TakeLinearTime) {
  for (const char* piece : {"a ", "\"a\" ", "(a) ", "a.", "\\", "=?x?= "}) {
    std::string value;
    while (value.size() < 400'000) value += piece;
    EXPECT_FALSE(ParseAddressList(value).ok());
  }
}

}  // namespace
}  // namespace staffetta::mime
