#include "delivery/typed_address.h"

#include <gtest/gtest.h>

namespace staffetta::delivery {
namespace {

// SPEC B1
TEST(TypedAddressTest, Orcpt) {
  EXPECT_EQ(OrcptValue("rfc822;ann+tag=1@example.org"), "rfc822;ann+2Btag+3D1@example.org");
  EXPECT_EQ(OrcptValue("rfc822;a b\r\nc"), "rfc822;a+20b+0D+0Ac");
  EXPECT_EQ(OrcptValue("utf-8;j\xc3\xb6rg+x@example.org"), "utf-8;j\\x{F6}rg\\x{2B}x@example.org");
  EXPECT_EQ(OrcptValue("UTF-8;\xf0\x9f\x93\xae\xe2\x82\xac@a"), "utf-8;\\x{1F4EE}\\x{20AC}@a");
  // As it came without SMTPUTF8.
  EXPECT_EQ(OrcptValue("utf-8;j\\x{F6}rg@example.org"), "utf-8;j\\x{F6}rg@example.org");
  EXPECT_EQ(OrcptValue("utf-8;a\\x{}b\r"), "utf-8;a\\x{5C}x{}b\\x{D}");
  for (const char* bad : {"", "ann@example.org", ";ann", "rfc 822;ann", "rfc822\r\n;ann"}) {
    EXPECT_EQ(OrcptValue(bad), "") << bad;
  }
}

TEST(TypedAddressTest, InReports_NothingBreaksOut) {
  EXPECT_EQ(InReport("rfc822;ann+tag@example.org"), "rfc822; ann+tag@example.org");
  EXPECT_EQ(InReport("rfc822;a\r\nAction: x\xff"), "rfc822; a??Action: x?");
  EXPECT_EQ(RecipientInReport("ann@example.org"), "rfc822; ann@example.org");
  EXPECT_EQ(RecipientInReport("j\xc3\xb6rg@example.org"), "utf-8; j\\x{F6}rg@example.org");
  EXPECT_EQ(RecipientInReport("\xff@a\n"), "rfc822; ?@a?");
}

}  // namespace
}  // namespace staffetta::delivery
