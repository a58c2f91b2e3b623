#include "common/smtp/address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/smtp/utf8.h"

namespace staffetta::smtp {
namespace {

using std::string_literals::operator""s;

std::string Repeat(std::string_view text, size_t times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

// A domain of exactly `size` octets (over 64) in labels of at most 63.
std::string DomainOf(size_t size) {
  std::string domain = Repeat(std::string(49, 'd') + ".", size / 50);
  domain.resize(size, 'e');
  if (domain.back() == '.') domain.back() = 'e';
  return domain;
}

struct Good {
  std::string text, local, domain, wire;
};

TEST(Address, GoodPaths_AreRead) {
  const std::vector<Good> cases = {
      {"<a@b>", "a", "b", "a@b"},
      {"<Ann.Lee@Example.COM>", "Ann.Lee", "Example.COM", "Ann.Lee@Example.COM"},
      {"<a+b=c%d!e@x.org>", "a+b=c%d!e", "x.org", "a+b=c%d!e@x.org"},
      {"<user%victim@x.org>", "user%victim", "x.org", "user%victim@x.org"},
      {"<host!user@x.org>", "host!user", "x.org", "host!user@x.org"},
      {"<|/bin/sh@x.org>", "|/bin/sh", "x.org", "|/bin/sh@x.org"},
      {"<\"a b\"@x.org>", "a b", "x.org", "\"a b\"@x.org"},
      {"<\"a\\\"b\\\\\"@x.org>", "a\"b\\", "x.org", "\"a\\\"b\\\\\"@x.org"},
      {"<\"x@y\"@d.org>", "x@y", "d.org", "\"x@y\"@d.org"},
      {"<\"a>b\"@d.org>", "a>b", "d.org", "\"a>b\"@d.org"},
      {"<\"plain\"@d.org>", "plain", "d.org", "plain@d.org"},
      {"<\".dots.\"@d.org>", ".dots.", "d.org", "\".dots.\"@d.org"},
      {"<\"\"@d.org>", "", "d.org", "\"\"@d.org"},
      {"<@relay.org:a@b.org>", "a", "b.org", "a@b.org"},
      {"<@r1.org,@r2.org:a@b.org>", "a", "b.org", "a@b.org"},
      {"<a@[192.0.2.1]>", "a", "[192.0.2.1]", "a@[192.0.2.1]"},
      {"<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
      {"<a@localhost>", "a", "localhost", "a@localhost"},
      {"<a@_dmarc.x-y.org>", "a", "_dmarc.x-y.org", "a@_dmarc.x-y.org"},
      {"<a@xn--bcher-kva.example>", "a", "xn--bcher-kva.example", "a@xn--bcher-kva.example"},
  };
  for (const Good& c : cases) {
    const auto path = ParsePath(c.text);
    ASSERT_TRUE(path.ok()) << c.text << ": " << Describe(path.error());
    EXPECT_EQ(path->local, c.local) << c.text;
    EXPECT_EQ(path->domain, c.domain) << c.text;
    EXPECT_EQ(path->ToString(), c.wire) << c.text;
    // What we write is read again as the same.
    const auto again = ParseMailbox(path->ToString());
    ASSERT_TRUE(again.ok()) << c.text;
    EXPECT_EQ(*again, *path);
  }
}

TEST(Address, BadPaths_AreRefusedWithTheReason) {
  using enum SyntaxError;
  const std::vector<std::pair<std::string, SyntaxError>> cases = {
      {"", kPathWithoutBrackets},
      {"a@b", kPathWithoutBrackets},
      {"<a@b", kPathWithoutBrackets},
      {"<\"a@b>", kPathWithoutBrackets},
      {"a@b>", kPathWithoutBrackets},
      {"<a@b>x", kBadArgument},
      {"<a@b> ", kBadArgument},
      {"<<a@b>>", kBadLocalPart},
      {"<>", kNullPathRefused},
      {"< >", kBadLocalPart},
      {"<a>", kNoDomain},
      {"<postmaster>", kNoDomain},
      {"<@b>", kBadSourceRoute},
      {"<@r:>", kBadLocalPart},
      {"<@:a@b>", kBadSourceRoute},
      {"<@r,a@b>", kBadSourceRoute},
      {"<@-r:a@b>", kBadSourceRoute},
      {"<a@>", kBadDomain},
      {"<a@b@c>", kBadDomain},
      {"<a b@c>", kBadLocalPart},
      {"< a@b>", kBadLocalPart},
      {"<a@b >", kBadDomain},
      {"<.a@b>", kBadLocalPart},
      {"<a.@b>", kBadLocalPart},
      {"<a..b@c>", kBadLocalPart},
      {"<a,b@c>", kBadLocalPart},
      {"<a(c)@b>", kBadLocalPart},
      {"<a\\b@c>", kBadLocalPart},
      {"<\"a\"b@c>", kBadLocalPart},
      {"<a@.b>", kBadDomain},
      {"<a@b.>", kBadDomain},
      {"<a@b..c>", kBadDomain},
      {"<a@-b.c>", kBadDomain},
      {"<a@b-.c>", kBadDomain},
      {"<a@b!c>", kBadDomain},
      {"<a@b/c>", kBadDomain},
      {"<a@[192.0.2]>", kBadDomain},
      {"<a@[192.0.2.256]>", kBadDomain},
      {"<a@[192.0.2.1>", kBadDomain},
      {"<a@[]>", kBadDomain},
      {"<a@[IPv6:1::2::3]>", kBadDomain},
      {"<a@[IPv6:1:2:3]>", kBadDomain},
      {"<a@[tag:x]>", kBadDomain},
      {"<a\rb@c>", kControlCharacter},
      {"<a\nb@c>", kControlCharacter},
      {"<a\0b@c>"s, kControlCharacter},
      {"<a@b\r\nRCPT TO:<x@y>", kControlCharacter},
      {"<\"a\tb\"@c>", kControlCharacter},
      {"<a@b\x7F>", kControlCharacter},
      {"<\xC3\xA8@b>", kUtf8NotAllowed},
      {"<a@b\xC3\xA8>", kUtf8NotAllowed},
  };
  for (const auto& [text, error] : cases) {
    const auto path = ParsePath(text);
    ASSERT_FALSE(path.ok()) << testing::PrintToString(text);
    EXPECT_EQ(path.error(), error) << testing::PrintToString(text) << Describe(path.error());
  }
}

TEST(Address, NullPathAndPostmaster_OnlyWhereAllowed) {
  const auto null = ParsePath("<>", {.allow_null = true});
  ASSERT_TRUE(null.ok());
  EXPECT_TRUE(null->IsNull());
  EXPECT_EQ(null->ToString(), "");

  const auto postmaster = ParsePath("<PostMaster>", {.allow_postmaster = true});
  ASSERT_TRUE(postmaster.ok());
  EXPECT_EQ(postmaster->ToString(), "PostMaster");
  EXPECT_EQ(NormalizedKey(*postmaster), "postmaster");
  EXPECT_FALSE(ParsePath("<root>", {.allow_postmaster = true}).ok());
  EXPECT_FALSE(ParsePath("<@r.org:postmaster>", {.allow_postmaster = true}).ok());
}

// SPEC S4
TEST(Address, Utf8_OnlyWhenAllowedAndWellFormed) {
  const auto path = ParsePath("<j\xC3\xB6rg@b\xC3\xBC\x63her.example>", {.allow_utf8 = true});
  ASSERT_TRUE(path.ok());
  EXPECT_TRUE(path->NeedsUtf8());
  EXPECT_FALSE(ParsePath("<a@b>", {.allow_utf8 = true})->NeedsUtf8());
  for (const char* text :
       {"<\xFF@b>", "<\xC0\xAF@b>", "<\xED\xA0\x80@b>", "<\xC3@b>", "<a@\xF5\x80\x80\x80>"}) {
    const auto bad = ParsePath(text, {.allow_utf8 = true});
    ASSERT_FALSE(bad.ok()) << testing::PrintToString(text);
    EXPECT_EQ(bad.error(), SyntaxError::kBadUtf8);
  }
  EXPECT_EQ(ParsePath("<a\xC2\x85@b>", {.allow_utf8 = true}).error(),
            SyntaxError::kControlCharacter);
}

// SPEC S6
TEST(Address, LimitsOfRfc5321_HoldAtNAndBreakAtNPlus1) {
  EXPECT_TRUE(ParsePath("<" + std::string(64, 'a') + "@b>").ok());
  EXPECT_EQ(ParsePath("<" + std::string(65, 'a') + "@b>").error(), SyntaxError::kLocalPartTooLong);
  EXPECT_TRUE(ParsePath("<\"" + std::string(62, ' ') + "\"@b>").ok());
  EXPECT_EQ(ParsePath("<\"" + std::string(63, ' ') + "\"@b>").error(),
            SyntaxError::kLocalPartTooLong);

  EXPECT_TRUE(ParseMailbox("a@" + DomainOf(255)).ok());
  EXPECT_EQ(ParseMailbox("a@" + DomainOf(256)).error(), SyntaxError::kDomainTooLong);
  EXPECT_TRUE(ParsePath("<a@" + std::string(63, 'd') + ">").ok());
  EXPECT_EQ(ParsePath("<a@" + std::string(64, 'd') + ">").error(), SyntaxError::kBadDomain);

  EXPECT_TRUE(ParsePath("<a@" + DomainOf(252) + ">").ok());
  EXPECT_EQ(ParsePath("<a@" + DomainOf(253) + ">").error(), SyntaxError::kPathTooLong);
  EXPECT_TRUE(ParsePath("<@r.org:a@" + DomainOf(252) + ">").ok());
}

TEST(Address, LeadingPath_LeavesWhatFollows) {
  std::string_view text = "<a@b> SIZE=1";
  EXPECT_TRUE(ParseLeadingPath(&text).ok());
  EXPECT_EQ(text, " SIZE=1");
  text = "<a@> SIZE=1";
  EXPECT_FALSE(ParseLeadingPath(&text).ok());
  EXPECT_EQ(text, "<a@> SIZE=1");
}

TEST(Address, Keys_IgnoreCaseAndSpelling) {
  EXPECT_EQ(NormalizedKey({"Ann", "Example.COM"}), "ann@example.com");
  EXPECT_EQ(NormalizedKey(*ParseMailbox("\"ann\"@EXAMPLE.com")), "ann@example.com");
  EXPECT_EQ(NormalizedKey(*ParseMailbox("\"A b\"@x")), "\"a b\"@x");
  EXPECT_NE(NormalizedKey({"x@y", "d"}), NormalizedKey({"x", "y@d"}));
  EXPECT_EQ((Mailbox{"a", "EXAMPLE.Com"}.LowerDomain()), "example.com");
}

TEST(Address, Literals_AreRecognised) {
  for (const char* good : {"[1.2.3.4]", "[IPv6:::1]", "[ipv6:::]", "[IPv6:1:2:3:4:5:6:7:8]",
                           "[IPv6:::ffff:127.0.0.1]", "[IPv6:1:2:3:4:5:6:1.2.3.4]"}) {
    EXPECT_TRUE(IsAddressLiteral(good)) << good;
    EXPECT_TRUE(ParseMailbox("a@"s + good)->IsLiteral()) << good;
  }
  for (const char* bad :
       {"1.2.3.4", "[1.2.3.4", "[1.2.3.4.5]", "[-1.2.3.4]", "[1.2.3.]", "[IPv6:1:2:3:4:5:6:7:8:9]",
        "[IPv6::1:2:3:4:5:6:7]", "[IPv6:12345::]", "[IPv6:g::]", "[IPv6:1.2.3.4::]", "[::1]"}) {
    EXPECT_FALSE(IsAddressLiteral(bad)) << bad;
  }
  EXPECT_FALSE(ParseMailbox("a@b")->IsLiteral());
}

TEST(Utf8, OnlyWellFormedSequencesPass) {
  for (const char* good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << testing::PrintToString(good);
  }
  for (const char* bad : {"\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE1\x80",
                          "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF8", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace staffetta::smtp
