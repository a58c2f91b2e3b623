#include "common/smtp/sasl.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/smtp/base64.h"

namespace staffetta::smtp {
namespace {

using std::string_literals::operator""s;

TEST(Base64, StrictDecoding) {
  EXPECT_EQ(DecodeBase64Strict(""), "");
  EXPECT_EQ(DecodeBase64Strict("YQ=="), "a");
  EXPECT_EQ(DecodeBase64Strict("YWI="), "ab");
  EXPECT_EQ(DecodeBase64Strict("YWJj"), "abc");
  EXPECT_EQ(DecodeBase64Strict("AGEAYg=="), "\0a\0b"s);
  for (const std::string& bad :
       {"YQ"s, "YQ="s, "YQ==="s, "YR=="s, "Y Q=="s, " YQ=="s, "YQ==\r"s, "YQ==\n"s, "YWJj\n"s,
        "Y-_/"s, "=YQ="s, "===="s, "="s, "YQ==YQ=="s, "*"s, "YQ=\0"s, "\xC3\xA8=="s, "YQ.."s}) {
    EXPECT_FALSE(DecodeBase64Strict(bad)) << testing::PrintToString(bad);
  }
}

// SPEC S3
TEST(Sasl, AuthArguments) {
  EXPECT_EQ(ParseAuth("plain")->mechanism, "PLAIN");
  EXPECT_FALSE(ParseAuth("LOGIN")->has_initial);
  EXPECT_TRUE(ParseAuth("PLAIN =")->has_initial);
  EXPECT_EQ(ParseAuth("PLAIN =")->initial, "");
  EXPECT_EQ(ParseAuth("SCRAM-SHA-256-PLUS  YWJj")->initial, "abc");
  for (const char* bad : {"", " ", "PL/AIN", "\xC3\xA8", "AAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_EQ(ParseAuth(bad).error(), SyntaxError::kBadArgument) << bad;
  }
  for (const char* bad : {"PLAIN *", "PLAIN YQ", "PLAIN YQ== YQ==", "PLAIN =="}) {
    EXPECT_EQ(ParseAuth(bad).error(), SyntaxError::kBadBase64) << bad;
  }
}

// SPEC S3
TEST(Sasl, PlainResponses) {
  const auto plain = ParsePlain("\0s1_0\0p w\xC3\xA8"s);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->authzid, "");
  EXPECT_EQ(plain->authcid, "s1_0");
  EXPECT_EQ(plain->password, "p w\xC3\xA8");
  EXPECT_EQ(ParsePlain("z\0a\0b"s)->authzid, "z");
  for (const std::string& bad : {""s, "a"s, "a\0b"s, "\0\0p"s, "\0u\0"s, "\0u\0p\0"s, "\0u\0p\0x"s,
                                 "\0u\0\xFF"s, "\0\xC3\0p"s}) {
    EXPECT_FALSE(ParsePlain(bad).ok()) << testing::PrintToString(bad);
  }
}

// SPEC S6
TEST(Sasl, CredentialLimits) {
  const auto make = [](size_t zid, size_t cid, size_t password) {
    return std::string(zid, 'z') + "\0"s + std::string(cid, 'u') + "\0"s +
           std::string(password, 'p');
  };
  EXPECT_TRUE(ParsePlain(make(255, 255, 1024)).ok());
  EXPECT_FALSE(ParsePlain(make(256, 255, 1024)).ok());
  EXPECT_FALSE(ParsePlain(make(255, 256, 1024)).ok());
  EXPECT_FALSE(ParsePlain(make(255, 255, 1025)).ok());
  EXPECT_TRUE(ParseLoginAnswer("12345", 5).ok());
  EXPECT_FALSE(ParseLoginAnswer("123456", 5).ok());
}

TEST(Sasl, LoginAnswersAndPrompts) {
  EXPECT_EQ(EncodeBase64(kLoginUserPrompt), "VXNlcm5hbWU6");
  EXPECT_EQ(EncodeBase64(kLoginPasswordPrompt), "UGFzc3dvcmQ6");
  for (const std::string& bad : {""s, "a\0"s, "\xFF"s}) {
    EXPECT_FALSE(ParseLoginAnswer(bad, 100).ok());
  }
}

// SPEC S3
TEST(Sasl, OauthBearer_TakesTokenAndUser) {
  const auto full =
      ParseOauthBearer("n,a=s1_0,\1host=relay.example\1port=587\1auth=Bearer aB-._~+/9==\1\1");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->user, "s1_0");
  EXPECT_EQ(full->token, "aB-._~+/9==");
  EXPECT_EQ(ParseOauthBearer("n,,\1auth=bearer t\1\1")->user, "");
  EXPECT_EQ(ParseOauthBearer("n,a=a=3Db,\1auth=Bearer t\1\1")->user, "a=b");
  for (const std::string& bad :
       {""s, "n,,"s, "n,,\1"s, "n,,\1\1"s, "n,,\1auth=Bearer t"s, "n,,\1auth=Bearer t\1"s,
        "n,,\1auth=Bearer \1\1"s, "n,,\1auth=Basic t\1\1"s, "n,,\1auth=Bearert\1\1"s,
        "n,,\1auth=Bearer t\1auth=Bearer u\1\1"s, "n,,\1auth=Bearer t t\1\1"s,
        "n,a=,\1auth=Bearer t\1\1"s, "n,u,\1auth=Bearer t\1\1"s, "p=x,,\1auth=Bearer t\1\1"s,
        "n,,\1=\1auth=Bearer t\1\1"s, "n,,\1auth=Bearer t\1\1x"s, "n,,\1auth=Bearer \xC3\xA8\1\1"s,
        "\1auth=Bearer t\1\1"s, "n,,\1auth=Bearer t\0\1\1"s}) {
    EXPECT_FALSE(ParseOauthBearer(bad)) << testing::PrintToString(bad);
  }
}

// SPEC S3
TEST(Sasl, Xoauth2_TakesTokenAndUser) {
  const auto xoauth2 = ParseXoauth2("user=s1_0\1auth=Bearer t0k\1\1");
  ASSERT_TRUE(xoauth2);
  EXPECT_EQ(xoauth2->user, "s1_0");
  EXPECT_EQ(xoauth2->token, "t0k");
  for (const std::string& bad :
       {""s, "user=u\1\1"s, "auth=Bearer t\1\1"s, "user=\1auth=Bearer t\1\1"s,
        "user=u\1auth=Bearer t\1"s, "user=u\1user=v\1auth=Bearer t\1\1"s}) {
    EXPECT_FALSE(ParseXoauth2(bad)) << testing::PrintToString(bad);
  }
}

TEST(Sasl, ClientResponses) {
  EXPECT_EQ(*DecodeBase64Strict(EncodePlain("u", "p")), "\0u\0p"s);
  EXPECT_EQ(*DecodeBase64Strict(EncodeXoauth2("u@x", "t0k")), "user=u@x\1auth=Bearer t0k\1\1");
}

}  // namespace
}  // namespace staffetta::smtp
