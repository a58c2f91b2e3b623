#include "common/smtp/params.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace staffetta::smtp {
namespace {

using enum SyntaxError;

TEST(Params, Size) {
  EXPECT_EQ(*ParseSizeParam("0"), 0u);
  EXPECT_EQ(*ParseSizeParam("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseSizeParam("18446744073709551616").error(), kNumberTooLarge);
  EXPECT_EQ(ParseSizeParam("100000000000000000000000").error(), kNumberTooLarge);
  EXPECT_EQ(ParseSizeParam("000000000000000000001").error(), kNumberTooLarge);
  for (const ParamValue& bad : std::vector<ParamValue>{{}, "", "-1", "+1", "1k", " 1", "0x1"}) {
    EXPECT_EQ(ParseSizeParam(bad).error(), kBadParameterValue);
  }
}

TEST(Params, BodyAndRet) {
  EXPECT_EQ(*ParseBodyParam("7bit"), Body::k7Bit);
  EXPECT_EQ(*ParseBodyParam("8BITMIME"), Body::k8BitMime);
  EXPECT_EQ(*ParseBodyParam("BinaryMime"), Body::kBinaryMime);
  EXPECT_FALSE(ParseBodyParam("8BIT").ok());
  EXPECT_FALSE(ParseBodyParam({}).ok());
  EXPECT_EQ(*ParseRetParam("full"), Ret::kFull);
  EXPECT_EQ(*ParseRetParam("HDRS"), Ret::kHeaders);
  EXPECT_FALSE(ParseRetParam("HEADERS").ok());
}

// SPEC S4
TEST(Params, MtPriority_IsFromMinusNineToNine) {
  for (int i = -9; i <= 9; ++i) EXPECT_EQ(*ParseMtPriorityParam(std::to_string(i)), i);
  for (const ParamValue& bad :
       std::vector<ParamValue>{{}, "", "-", "10", "-10", "+1", "-0", "09", "x", "--1"}) {
    EXPECT_FALSE(ParseMtPriorityParam(bad).ok()) << bad.value_or("(none)");
  }
}

TEST(Params, Envid) {
  EXPECT_EQ(*ParseEnvidParam("QQ+2B1"), "QQ+1");
  EXPECT_TRUE(ParseEnvidParam(std::string(100, 'a')).ok());
  EXPECT_FALSE(ParseEnvidParam(std::string(101, 'a')).ok());
  EXPECT_FALSE(ParseEnvidParam("a+0D+0AX: y").ok());
  EXPECT_FALSE(ParseEnvidParam("a+C3+A8").ok());
  EXPECT_FALSE(ParseEnvidParam({}).ok());
}

TEST(Params, Notify) {
  EXPECT_EQ(*ParseNotifyParam("never"), (Notify{.never = true}));
  EXPECT_EQ(*ParseNotifyParam("SUCCESS,DELAY"), (Notify{.success = true, .delay = true}));
  EXPECT_EQ(*ParseNotifyParam("FAILURE"), (Notify{.failure = true}));
  for (const ParamValue& bad :
       std::vector<ParamValue>{{}, "", "NEVER,SUCCESS", "SUCCESS,", ",", "FAIL"}) {
    EXPECT_FALSE(ParseNotifyParam(bad).ok()) << bad.value_or("(none)");
  }
}

TEST(Params, Orcpt) {
  EXPECT_EQ(*ParseOrcptParam("RFC822;a+2Bb@c"), (Orcpt{"rfc822", "a+b@c"}));
  EXPECT_TRUE(ParseOrcptParam("rfc822;" + std::string(493, 'a')).ok());
  EXPECT_FALSE(ParseOrcptParam("rfc822;" + std::string(494, 'a')).ok());
  for (const ParamValue& bad : std::vector<ParamValue>{{},
                                                       "a@b",
                                                       ";a@b",
                                                       "rfc822;",
                                                       "rf c;a",
                                                       "rfc822;a+0Ab",
                                                       "rfc822;a+0",
                                                       "rfc822;jos+C3+A9@c",
                                                       "rfc822;jos\xC3\xA9@c"}) {
    EXPECT_FALSE(ParseOrcptParam(bad).ok()) << bad.value_or("(none)");
  }
}

// SPEC S4, RFC 6533 §3
TEST(Params, Utf8Orcpt_IsDecodedHoweverItIsWritten) {
  const Orcpt jose{"utf-8", "jos\xC3\xA9@c"};
  EXPECT_EQ(*ParseOrcptParam("utf-8;jos\xC3\xA9@c"), jose);
  EXPECT_EQ(*ParseOrcptParam("UTF-8;jos\\x{E9}@c"), jose);
  EXPECT_EQ(*ParseOrcptParam("utf-8;jos+C3+A9@c"), jose);
  EXPECT_EQ(ParseOrcptParam("utf-8;\\x{2B}\\x{7FF}\\x{20AC}\\x{1F600}")->address,
            "+\xDF\xBF\xE2\x82\xAC\xF0\x9F\x98\x80");
  for (const char* bad :
       {"\\x{9}", "\\x{0A}", "\\x{7F}", "\\x{D800}", "\\x{110000}", "\\x{0000E9A}", "\\x{E9",
        "\\xE9}", "\\", "\\x{}", "\\x{-1}", "\\x{0x41}", "\xFF"}) {
    EXPECT_FALSE(ParseOrcptParam(std::string("utf-8;a@b") + bad).ok()) << bad;
  }
}

TEST(Params, Flag_HasNoValue) {
  EXPECT_TRUE(ParseFlagParam({}).ok());
  EXPECT_FALSE(ParseFlagParam("1").ok());
}

// SPEC S4
TEST(Params, HoldFor) {
  EXPECT_EQ(*ParseHoldForParam("1"), 1u);
  EXPECT_EQ(*ParseHoldForParam("999999999"), 999999999u);
  for (const ParamValue& bad :
       std::vector<ParamValue>{{}, "", "0", "01", "1000000000", "-1", "1s"}) {
    EXPECT_FALSE(ParseHoldForParam(bad).ok()) << bad.value_or("(none)");
  }
}

// SPEC S4
TEST(Params, By) {
  EXPECT_EQ(*ParseByParam("120;R"), (DeliverBy{120, true, false}));
  EXPECT_EQ(*ParseByParam("+120;rt"), (DeliverBy{120, true, true}));
  EXPECT_EQ(*ParseByParam("-30;NT"), (DeliverBy{-30, false, true}));
  EXPECT_EQ(*ParseByParam("0;N"), (DeliverBy{0, false, false}));
  for (const ParamValue& bad : std::vector<ParamValue>{{},
                                                       "",
                                                       "120",
                                                       "120;",
                                                       ";R",
                                                       "0;R",
                                                       "-1;R",
                                                       "1;X",
                                                       "1;RX",
                                                       "1;RTT",
                                                       "--1;N",
                                                       "1000000000;N"}) {
    EXPECT_FALSE(ParseByParam(bad).ok()) << bad.value_or("(none)");
  }
}

TEST(Xtext, EncodesAndDecodes) {
  EXPECT_EQ(EncodeXtext("a+b=c d\r\n"), "a+2Bb+3Dc+20d+0D+0A");
  EXPECT_EQ(*DecodeXtext(EncodeXtext("a+b=c \xC3\xA8")), "a+b=c \xC3\xA8");
  for (const char* bad : {"+", "+2", "+2b", "+GG", "a=b", "+00", "+0A", "+7F", "+FF"}) {
    EXPECT_FALSE(DecodeXtext(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace staffetta::smtp
