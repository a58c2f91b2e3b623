#include "auth/verifier.h"

#include <gtest/gtest.h>

#include "common/smtp/base64.h"

namespace staffetta::auth {
namespace {

// The exchange of RFC 7677 §3.
constexpr char kAuthMessage[] =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

// With any salt.
Verifier Make(std::string_view password) {
  return MakeVerifier(password, "0123456789abcdef", kIterations);
}

Verifier OfTheRfc() {
  return MakeVerifier("pencil", *smtp::DecodeBase64Strict("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
}

TEST(VerifierTest, ServerKey_SignsAsInRfc7677) {
  EXPECT_EQ(smtp::EncodeBase64(ServerSignature(OfTheRfc(), kAuthMessage)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(VerifierTest, ProofOfRfc7677_FitsAndNoOther) {
  const Verifier verifier = OfTheRfc();
  const std::string proof =
      *smtp::DecodeBase64Strict("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(ProofFits(verifier, kAuthMessage, proof));
  EXPECT_FALSE(ProofFits(verifier, std::string(kAuthMessage) + " ", proof));
  EXPECT_FALSE(ProofFits(Make("pencil"), kAuthMessage, proof));
  EXPECT_FALSE(ProofFits(verifier, kAuthMessage, ""));
  EXPECT_FALSE(ProofFits(verifier, kAuthMessage, proof + '\0'));
  EXPECT_FALSE(ProofFits(verifier, kAuthMessage, proof.substr(0, 31)));
  for (size_t i = 0; i < proof.size(); ++i) {
    std::string other = proof;
    other[i] ^= 1;
    EXPECT_FALSE(ProofFits(verifier, kAuthMessage, other)) << i;
  }
}

TEST(VerifierTest, OnlyThePassword_Matches) {
  const Verifier verifier = Make("right");
  EXPECT_TRUE(Matches(verifier, "right"));
  for (const char* wrong : {"", "Right", "right ", "righ", "rightt"}) {
    EXPECT_FALSE(Matches(verifier, wrong)) << wrong;
  }
  EXPECT_FALSE(Matches(verifier, std::string_view("right\0", 6)));
}

TEST(VerifierTest, DummyVerifier_CostsTheSameAndMatchesNothing) {
  EXPECT_EQ(DummyVerifier().iterations, Make("x").iterations);
  EXPECT_EQ(DummyVerifier().salt.size(), Make("x").salt.size());
  for (const char* password : {"", "x"}) EXPECT_FALSE(Matches(DummyVerifier(), password));
  EXPECT_FALSE(ProofFits(DummyVerifier(), kAuthMessage, ""));
}

TEST(VerifierTest, Text_ReadsBackToTheSame) {
  const Verifier verifier = Make("pencil");
  EXPECT_EQ(ParseVerifier(verifier.ToString()), verifier);
}

TEST(VerifierTest, BrokenText_IsNoVerifier) {
  const std::string good = Make("pencil").ToString();
  const std::string broken[] = {"",
                                "pencil",
                                good.substr(0, good.size() - 4),
                                good + "A",
                                "SCRAM-SHA-1$" + good.substr(14),
                                "SCRAM-SHA-256$0:AA==$AA==:AA=="};
  for (const std::string& text : broken) EXPECT_EQ(ParseVerifier(text), std::nullopt) << text;
}

}  // namespace
}  // namespace staffetta::auth
