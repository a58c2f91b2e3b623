#include "common/base/mail_log.h"

#include <gtest/gtest.h>

namespace staffetta::log {
namespace {

// SPEC S9: the id comes first, in each line.
TEST(MailLog, LinesAreAnInterface) {
  EXPECT_EQ(Format(Accepted{.id = "06fbz3k0v1t9s2m8q4xw00",
                            .account = "1",
                            .user = "s1_0",
                            .client = "192.0.2.7",
                            .sender = "shop@example.com",
                            .recipients = 3,
                            .size = 4096,
                            .priority = 2,
                            .durability = "synced"}),
            "id=06fbz3k0v1t9s2m8q4xw00 event=accepted account=1 user=s1_0 client=192.0.2.7 "
            "sender=shop@example.com recipients=3 size=4096 class=2 durability=synced");
  EXPECT_EQ(Format(Refused{.account = "1",
                           .user = "s1_0",
                           .client = "2001:db8::7",
                           .sender = "",
                           .code = 550,
                           .text = "5.7.1 <a@b.example> is not verified"}),
            "id=- event=refused account=1 user=s1_0 client=2001:db8::7 sender=\"\" code=550 "
            "text=\"5.7.1 <a@b.example> is not verified\"");
  EXPECT_EQ(Format(Attempt{.id = "m1",
                           .delivery = "m1.0",
                           .destination = "example.org",
                           .host = "mx1.example.org[198.51.100.2]:25",
                           .recipient = "ann@example.org",
                           .outcome = "deferred",
                           .code = 451,
                           .enhanced = "4.7.1",
                           .text = "Greylisted",
                           .attempt = 2,
                           .took = absl::Milliseconds(1042)}),
            "id=m1 event=attempt delivery=m1.0 destination=example.org "
            "host=mx1.example.org[198.51.100.2]:25 recipient=ann@example.org outcome=deferred "
            "code=451 enhanced=4.7.1 text=Greylisted attempt=2 seconds=1.042");
  EXPECT_EQ(Format(Bounced{.id = "m1",
                           .bounce_id = "m2",
                           .sender = "shop@example.com",
                           .recipient = "ann@example.org",
                           .text = "550 no"}),
            "id=m1 event=bounced bounce_id=m2 sender=shop@example.com recipient=ann@example.org "
            "text=\"550 no\"");
  EXPECT_EQ(Format(LeaseLost{.id = "m1", .delivery = "m1.0"}),
            "id=m1 event=lease_lost delivery=m1.0");
}

TEST(MailLog, WhatComesFromOutside_StaysInItsValue) {
  const struct {
    std::string_view text;
    const char* expected;
  } kCases[] = {
      {"plain", "plain"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"a=b", "\"a=b\""},
      {"say \"x\"", "\"say \\\"x\\\"\""},
      {"back\\slash", "\"back\\\\slash\""},
      {"a\r\nid=forged event=accepted", "\"a\\r\\nid=forged event=accepted\""},
      {"tab\t", "\"tab\\t\""},
      {{"nul\0", 4}, "\"nul\\x00\""},
      {"esc\x1b[2J", "\"esc\\x1b[2J\""},
      {"del\x7f", "\"del\\x7f\""},
      {"müller@例え.example", "\"müller@例え.example\""},
      {"\xf0\x9f\x93\xa8", "\"\xf0\x9f\x93\xa8\""},
      {"c1\xc2\x9b", "\"c1\\xc2\\x9b\""},                // a control character of ISO 6429
      {"\xe2\x80\xa8", "\"\\xe2\\x80\\xa8\""},           // U+2028, line separator
      {"bad\xff\xc3", "\"bad\\xff\\xc3\""},              // not UTF-8
      {"\xc0\xaf", "\"\\xc0\\xaf\""},                    // over-long
      {"\xe0\x80\xaf", "\"\\xe0\\x80\\xaf\""},           // over-long
      {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},           // surrogate
      {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""},  // beyond U+10FFFF
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Format(LeaseLost{.id = "m1", .delivery = c.text}),
              std::string("id=m1 event=lease_lost delivery=") + c.expected);
  }
}

TEST(MailLog, LongValues_AreCut) {
  const std::string longest(500, 'x');
  EXPECT_EQ(Format(LeaseLost{.id = "m1", .delivery = longest + "y"}),
            "id=m1 event=lease_lost delivery=" + longest);
}

TEST(MailLog, TimeIsNeverNegative) {
  EXPECT_TRUE(Format(Attempt{.id = "m1", .took = -absl::Seconds(1)}).ends_with("seconds=0.000"));
  EXPECT_TRUE(Format(Attempt{.id = "m1", .took = absl::Seconds(61)}).ends_with("seconds=61.000"));
}

}  // namespace
}  // namespace staffetta::log
