#include "common/smtp/scram.h"

#include <gtest/gtest.h>

#include <string>

#include "common/smtp/base64.h"

namespace staffetta::smtp {
namespace {

using Binding = ScramClientFirst::Binding;
using std::string_literals::operator""s;

// The exchange of RFC 7677 §3. SPEC S3
TEST(Scram, ExchangeOfTheRfc_IsReadAndWrittenToTheLetter) {
  const auto first = ParseScramClientFirst("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->binding, Binding::kNone);
  EXPECT_EQ(first->user, "user");
  EXPECT_EQ(first->nonce, "rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(first->gs2_header, "n,,");
  const std::string nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string server_first =
      ScramServerFirst(nonce, *DecodeBase64Strict("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  EXPECT_EQ(server_first, "r=" + nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  const auto final = ParseScramClientFinal("c=biws,r=" + nonce +
                                           ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  ASSERT_TRUE(final);
  EXPECT_EQ(final->binding, "n,,");
  EXPECT_EQ(final->nonce, nonce);
  EXPECT_EQ(EncodeBase64(final->proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(ScramAuthMessage(*first, server_first, *final),
            "n=user,r=rOprNGfwEbeRWgbNEkqO," + server_first + ",c=biws,r=" + nonce);
  EXPECT_EQ(ScramServerFinal(*DecodeBase64Strict("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")),
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, ClientFirst_SaysWhatItThinksOfChannelBinding) {
  EXPECT_EQ(ParseScramClientFirst("y,,n=u,r=x")->binding, Binding::kSpurned);
  const auto bound = ParseScramClientFirst("p=tls-server-end-point,a=u,n=u,r=x");
  ASSERT_TRUE(bound);
  EXPECT_EQ(bound->binding, Binding::kUsed);
  EXPECT_EQ(bound->binding_name, "tls-server-end-point");
  EXPECT_EQ(bound->authzid, "u");
  EXPECT_EQ(bound->gs2_header, "p=tls-server-end-point,a=u,");
  EXPECT_EQ(bound->bare, "n=u,r=x");
}

TEST(Scram, EscapedNames_AreTheNamesTheyStandFor) {
  EXPECT_EQ(ParseScramClientFirst("n,a==2C,n=a=2Cb=3Dc,r=x")->user, "a,b=c");
  EXPECT_EQ(ParseScramClientFirst("n,a==2C,n=a=2Cb=3Dc,r=x")->authzid, ",");
}

TEST(Scram, UnknownExtensions_ArePassedOver) {
  EXPECT_EQ(ParseScramClientFirst("n,,n=u,r=x,q=1,z=2")->nonce, "x");
  EXPECT_EQ(ParseScramClientFinal("c=biws,r=x,q=1,p=YQ==")->without_proof, "c=biws,r=x,q=1");
}

TEST(Scram, OtherClientFirst_IsRefused) {
  for (const std::string& bad : {
           ""s,
           "n"s,
           "n,,"s,
           "n,,n=u"s,
           "n,,n=u,"s,
           "n,,n=,r=x"s,
           "n,,n=u,r="s,
           "n,,r=x,n=u"s,
           "n,,m=1,n=u,r=x"s,
           "x,,n=u,r=x"s,
           "p,,n=u,r=x"s,
           "p=,,n=u,r=x"s,
           "p=a b,,n=u,r=x"s,
           "n,u,n=u,r=x"s,
           "n,a=,n=u,r=x"s,
           "n,,n=a=2cb,r=x"s,
           "n,,n=a=b,r=x"s,
           "n,,n=u,r=a b"s,
           "n,,n=u,r=x,"s,
           "n,,n=u,r=x,1=2"s,
           "n,,n=u,r=x,y"s,
           "n,,n=u\0,r=x"s,
           "n,,n="s + std::string(256, 'u') + ",r=x",
           "n,,n=u,r="s + std::string(257, 'x'),
           "n,,n=\xFF,r=x"s,
       }) {
    EXPECT_FALSE(ParseScramClientFirst(bad)) << testing::PrintToString(bad);
  }
  EXPECT_EQ(ParseScramClientFirst("n,,n=\xC3\xA8,r=x").error(), SyntaxError::kNonAsciiName);
}

TEST(Scram, OtherClientFinal_IsRefused) {
  for (const std::string& bad :
       {""s, "c=biws"s, "c=biws,r=x"s, "r=x,c=biws,p=YQ=="s, "c=biws,p=YQ==,r=x"s, "c=,r=x,p=YQ=="s,
        "c=biws,r=,p=YQ=="s, "c=biws,r=x,p="s, "c=b,r=x,p=YQ=="s, "c=biws,r=x,p=YQ"s,
        "c=biws,r=x,q,p=YQ=="s, "c=biws,r=x,p=YQ==\0"s, "c=biws,,p=YQ=="s}) {
    EXPECT_FALSE(ParseScramClientFinal(bad)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace staffetta::smtp
