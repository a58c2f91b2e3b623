#include "auth/verifier.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "common/base/secret.h"
#include "common/smtp/base64.h"

namespace staffetta::auth {
namespace {

// The exchange of RFC 7677 §3.
constexpr char kAuthMessage[] =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

Verifier OfTheRfc() {
  return MakeVerifier("pencil", *smtp::DecodeBase64Strict("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
}

TEST(VerifierTest, ServerKey_SignsAsInRfc7677) {
  EXPECT_EQ(smtp::EncodeBase64(HmacSha256(OfTheRfc().server_key, kAuthMessage)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(VerifierTest, StoredKey_AcceptsTheProofOfRfc7677) {
  const std::string stored_key = OfTheRfc().stored_key;
  std::string client_key =
      *smtp::DecodeBase64Strict("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  const std::string signature = HmacSha256(stored_key, kAuthMessage);
  for (size_t i = 0; i < client_key.size(); ++i) client_key[i] ^= signature[i];
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(client_key.data()), client_key.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  EXPECT_EQ(digest, stored_key);
}

TEST(VerifierTest, OnlyThePassword_Matches) {
  const Verifier verifier = MakeVerifier("right");
  EXPECT_TRUE(Matches(verifier, "right"));
  for (const char* wrong : {"", "Right", "right ", "righ", "rightt"}) {
    EXPECT_FALSE(Matches(verifier, wrong)) << wrong;
  }
  EXPECT_FALSE(Matches(verifier, std::string_view("right\0", 6)));
}

TEST(VerifierTest, TwoVerifiersOfOnePassword_Differ) {
  EXPECT_NE(MakeVerifier("same"), MakeVerifier("same"));
}

TEST(VerifierTest, DummyVerifier_CostsTheSameAndMatchesNothing) {
  EXPECT_EQ(DummyVerifier().iterations, MakeVerifier("x").iterations);
  EXPECT_EQ(DummyVerifier().salt.size(), MakeVerifier("x").salt.size());
  for (const char* password : {"", "x"}) EXPECT_FALSE(Matches(DummyVerifier(), password));
}

TEST(VerifierTest, Text_ReadsBackToTheSame) {
  const Verifier verifier = MakeVerifier("pencil");
  EXPECT_EQ(ParseVerifier(verifier.ToString()), verifier);
}

TEST(VerifierTest, BrokenText_IsNoVerifier) {
  const std::string good = MakeVerifier("pencil").ToString();
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
