#include "policy/sender_name.h"

#include <gtest/gtest.h>

namespace staffetta::policy {
namespace {

// SPEC V2, V6
TEST(SenderNameTest, Names_AreComparedInOneForm) {
  const struct {
    const char* text;
    const char* name;
    const char* domain;
  } kCases[] = {
      {"Example.COM", "example.com", "example.com"},
      {"mail.example.com", "mail.example.com", "mail.example.com"},
      {"Ann@Example.com", "ann@example.com", "example.com"},
      {"ann+tag@example.com", "ann+tag@example.com", "example.com"},
      {"münchen.example", "xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
      {"MÜNCHEN.example", "xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
      {"XN--Mnchen-3ya.example", "xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
      {"ann@münchen.example", "ann@xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
      {"\"ann\"@example.com", "ann@example.com", "example.com"},
      {"\"x@evil.example\"@example.com", "\"x@evil.example\"@example.com", "example.com"},
  };
  for (const auto& c : kCases) {
    const auto name = ParseSenderName(c.text);
    ASSERT_TRUE(name.ok()) << c.text << ": " << name.status();
    EXPECT_EQ(name->name, c.name);
    EXPECT_EQ(name->domain, c.domain);
  }
}

// SPEC V1: no wildcard.
TEST(SenderNameTest, WhatCannotBeVerified_IsRefused) {
  for (const char* text : {"",
                           "@",
                           "*",
                           "*.example.com",
                           "*@example.com.",
                           "com",
                           "example.com.",
                           "@example.com",
                           "ann@",
                           "ann@[192.0.2.1]",
                           "[192.0.2.1]",
                           "ann@a@example.com",
                           "<ann@example.com>",
                           "Ann <ann@example.com>",
                           "ann@example.com,bob@example.com",
                           "exa mple.com",
                           "-a.example",
                           "a..example",
                           "ann@example.com\r\nX: y",
                           "\xff.example"}) {
    EXPECT_EQ(ParseSenderName(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseAddress("example.com").ok());
}

}  // namespace
}  // namespace staffetta::policy
