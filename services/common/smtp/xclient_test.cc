#include "common/smtp/xclient.h"

#include <gtest/gtest.h>

namespace staffetta::smtp {
namespace {

// SPEC S7
TEST(Xclient, AttributesOfTheReadme_AreTaken) {
  const auto one = ParseXclient("NAME=spike.porcupine.org ADDR=168.100.189.2");
  ASSERT_TRUE(one);
  EXPECT_EQ(*one, (Xclient{.name = "spike.porcupine.org", .address = "168.100.189.2"}));
  const auto two = ParseXclient("PROTO=ESMTP HELO=spike.porcupine.org PORT=4711");
  ASSERT_TRUE(two);
  EXPECT_EQ(*two, Xclient{.hello = "spike.porcupine.org"});
  const auto all =
      ParseXclient("name=a addr=ipv6:2001:DB8:0::1 login=s1_0+2Bx destaddr=192.0.2.1 destport=25");
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (Xclient{.name = "a", .address = "2001:db8::1", .login = "s1_0+x"}));
}

TEST(Xclient, UnavailableValues_AreKnownToBeUnknown) {
  const auto told = ParseXclient("NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL] LOGIN=[unavailable]");
  ASSERT_TRUE(told);
  EXPECT_EQ(*told, (Xclient{.name = "", .address = "", .login = ""}));
}

TEST(Xclient, WhatIsMalformed_IsRefused) {
  for (const char* bad :
       {"", "NAME", "NAME=", "=a", "COLOUR=red", "NAME=a NAME=b", "NAME=a name=b", "ADDR=example",
        "ADDR=1.2.3", "ADDR=::1", "ADDR=IPV6:1.2.3.4", "PORT=x", "PORT=65536", "PORT=-1",
        "PROTO=QMTP", "NAME=a+0D+0Ab", "NAME=a+b", "DESTPORT=123456"}) {
    EXPECT_FALSE(ParseXclient(bad)) << bad;
  }
  EXPECT_TRUE(ParseXclient("NAME=" + std::string(255, 'a')));
  EXPECT_FALSE(ParseXclient("NAME=" + std::string(256, 'a')));
}

}  // namespace
}  // namespace staffetta::smtp
