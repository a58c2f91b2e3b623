#include "auth/token_issuers.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "auth/test_jwt.h"

namespace staffetta::auth {
namespace {

using testing::HasSubstr;
using Kind = TestIssuer::Kind;

class TokenIssuersTest : public testing::Test {
 protected:
  ~TokenIssuersTest() override { std::filesystem::remove_all(directory_); }

  static std::filesystem::path MakeDirectory() {
    std::string name = testing::TempDir() + "/issuersXXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }
  void Write(const std::string& text) {
    std::ofstream(directory_ / "next") << text;
    std::filesystem::rename(directory_ / "next", file_);
  }
  static std::string KeySet(const std::string& keys) { return R"({"keys":[)" + keys + "]}"; }

  // Good claims, of which one may be another.
  std::string Claims(const std::string& key = "", const std::string& value = "") {
    const int64_t now = absl::ToUnixSeconds(clock_.Now());
    std::vector<std::pair<std::string, std::string>> claims = {{"iss", R"("https://id.example")"},
                                                               {"aud", R"("relay")"},
                                                               {"sub", R"("s1_0")"},
                                                               {"exp", absl::StrCat(now + 600)}};
    std::string text;
    bool replaced = key.empty();
    for (const auto& [name, usual] : claims) {
      if (name == key && value.empty()) {
        replaced = true;
        continue;
      }
      absl::StrAppend(&text, text.empty() ? "{" : ",", "\"", name,
                      "\":", name == key ? value : usual);
      replaced = replaced || name == key;
    }
    if (!replaced) absl::StrAppend(&text, ",\"", key, "\":", value);
    return text + "}";
  }
  std::string In(absl::Duration time) {
    return absl::StrCat(absl::ToUnixSeconds(clock_.Now() + time));
  }
  TokenIssuers New() {
    return TokenIssuers({{"https://id.example", "relay", file_.string(), "sub"}}, &clock_);
  }

  FakeClock clock_;
  const std::filesystem::path directory_ = MakeDirectory();
  const std::filesystem::path file_ = directory_ / "keys";
};

// SPEC S3
TEST_F(TokenIssuersTest, TokenOfEachAlgorithm_OpensByPemAndByKeySet) {
  for (const Kind kind : {Kind::kRsa2048, Kind::kP256, Kind::kEd25519}) {
    const TestIssuer issuer(kind);
    for (const std::string& keys : {issuer.Pem(), KeySet(issuer.Jwk())}) {
      Write(keys);
      TokenIssuers issuers = New();
      ASSERT_TRUE(issuers.Load().ok()) << keys;
      const auto verdict = issuers.Judge(issuer.Sign(Claims()));
      EXPECT_EQ(verdict.user, "s1_0") << issuer.algorithm() << ": " << verdict.why_not;
    }
  }
}

// RFC 7519 §4.1
TEST_F(TokenIssuersTest, ClaimsThatDoNotFit_AreRefused) {
  const TestIssuer issuer(Kind::kEd25519);
  Write(issuer.Pem());
  TokenIssuers issuers = New();
  ASSERT_TRUE(issuers.Load().ok());
  const auto user = [&](const std::string& key, const std::string& value) {
    return issuers.Judge(issuer.Sign(Claims(key, value))).user;
  };
  const std::vector<std::pair<std::string, std::string>> kGood = {
      {"aud", R"(["other","relay"])"},    {"exp", In(-absl::Seconds(29))},
      {"exp", In(absl::Hours(1)) + ".5"}, {"nbf", In(absl::Seconds(29))},
      {"iat", In(absl::Seconds(29))},     {"scope", R"("mail")"}};
  for (const auto& [key, value] : kGood) EXPECT_EQ(user(key, value), "s1_0") << key << value;
  const std::vector<std::pair<std::string, std::string>> kBad = {
      {"aud", R"("other")"},
      {"aud", "[]"},
      {"aud", R"([["relay"]])"},
      {"aud", ""},
      {"aud", "1"},
      {"iss", R"("https://evil.example")"},
      {"iss", ""},
      {"iss", R"(["https://id.example"])"},
      {"exp", ""},
      {"exp", In(-absl::Seconds(30))},
      {"exp", R"("never")"},
      {"exp", "1e300"},
      {"exp", "-1"},
      {"nbf", In(absl::Seconds(31))},
      {"nbf", R"("x")"},
      {"iat", In(absl::Seconds(31))},
      {"sub", ""},
      {"sub", R"("")"},
      {"sub", "7"}};
  for (const auto& [key, value] : kBad) EXPECT_EQ(user(key, value), "") << key << " " << value;
}

// RFC 8725 §2.1: what a token says of its algorithm changes nothing.
TEST_F(TokenIssuersTest, ConfusedAlgorithms_OpenNothing) {
  const TestIssuer rsa(Kind::kRsa2048);
  const TestIssuer edwards(Kind::kEd25519);
  Write(rsa.Pem());
  TokenIssuers issuers = New();
  ASSERT_TRUE(issuers.Load().ok());
  ASSERT_EQ(issuers.Judge(rsa.Sign(Claims())).user, "s1_0");
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"HS256"})", R"({"alg":"ES256"})", R"({"alg":"EdDSA"})",
        R"({"alg":"PS256"})", R"({"alg":"rs256"})", R"({"alg":["RS256"]})", R"({})", "[]", "{",
        R"({"alg":"none","alg":"RS256"})", R"({"alg":"RS256","crit":["b64"],"b64":false})",
        R"({"alg":"RS256","typ":"secevent+jwt"})"}) {
    EXPECT_EQ(issuers.Judge(rsa.Sign(Claims(), header)).user, "") << header;
  }
  EXPECT_EQ(issuers.Judge(edwards.Sign(Claims())).user, "") << "another's signature";
  EXPECT_EQ(issuers.Judge(edwards.Sign(Claims(), R"({"alg":"RS256"})")).user, "");
  // The signature taken off, or the claims exchanged.
  const std::string good = rsa.Sign(Claims());
  const std::string other = rsa.Sign(Claims("sub", R"("s1_1")"));
  const size_t dot = good.rfind('.');
  EXPECT_EQ(issuers.Judge(good.substr(0, dot + 1)).user, "");
  EXPECT_EQ(issuers.Judge(other.substr(0, other.rfind('.')) + good.substr(dot)).user, "");
  for (const std::string& bad : {std::string(), std::string("."), std::string(".."), good + ".",
                                 good + "=", " " + good, good.substr(0, dot), good + "A"}) {
    EXPECT_EQ(issuers.Judge(bad).user, "") << bad;
  }
}

TEST_F(TokenIssuersTest, KeySet_IsChosenFromByKeyId) {
  const TestIssuer first(Kind::kP256);
  const TestIssuer second(Kind::kP256);
  Write(KeySet(first.Jwk(R"("kid":"1","use":"sig","alg":"ES256",)") + "," +
               second.Jwk(R"("kid":"2",)")));
  TokenIssuers issuers = New();
  ASSERT_TRUE(issuers.Load().ok());
  EXPECT_EQ(issuers.Judge(second.Sign(Claims(), R"({"alg":"ES256","kid":"2"})")).user, "s1_0");
  EXPECT_EQ(issuers.Judge(second.Sign(Claims())).user, "s1_0") << "it may name none";
  EXPECT_EQ(issuers.Judge(second.Sign(Claims(), R"({"alg":"ES256","kid":"1"})")).user, "");
}

TEST_F(TokenIssuersTest, FilesWithoutAKeyThatWeUse_AreNamedAtTheStart) {
  const std::string weak = TestIssuer(Kind::kRsa1024).Pem();
  const std::string encryption = TestIssuer(Kind::kP256).Jwk(R"("use":"enc",)");
  const std::string other_use = TestIssuer(Kind::kP256).Jwk(R"("alg":"ES384",)");
  for (const std::string& text :
       {std::string(), std::string("nonsense"), std::string("{}"), KeySet(""), KeySet("1"),
        KeySet(R"({"kty":"oct","k":"YQ"})"), KeySet(encryption), KeySet(other_use), weak,
        TestIssuer(Kind::kP384).Pem(), std::string("-----BEGIN PUBLIC KEY-----\n")}) {
    Write(text);
    const absl::Status status = New().Load();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << text;
    EXPECT_THAT(status.ToString(), HasSubstr(file_.string()));
  }
  std::filesystem::remove(file_);
  EXPECT_EQ(New().Load().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TokenIssuersTest, ChangedFile_IsReadAgainAndABrokenOneIsNot) {
  const TestIssuer before(Kind::kEd25519);
  const TestIssuer after(Kind::kEd25519);
  Write(before.Pem());
  TokenIssuers issuers = New();
  ASSERT_TRUE(issuers.Load().ok());
  EXPECT_EQ(issuers.Judge(after.Sign(Claims())).user, "");
  Write("broken");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(issuers.Judge(before.Sign(Claims())).user, "s1_0");
  Write(after.Pem());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(issuers.Judge(before.Sign(Claims())).user, "");
  EXPECT_EQ(issuers.Judge(after.Sign(Claims())).user, "s1_0");
}

}  // namespace
}  // namespace staffetta::auth
