// What a dialogue's text cannot hold: messages that depend on what the server has said.

#include "gateway/sasl_exchange.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "common/base/task_group.h"
#include "common/smtp/base64.h"
#include "gateway/fakes.h"
#include "gateway/verdicts.h"

namespace staffetta::gateway {
namespace {

// In TLS or not, with one channel binding.
class Stream final : public net::Stream {
 public:
  explicit Stream(bool tls) : tls_(tls) {}
  Co<absl::StatusOr<size_t>> ReadSome(char*, size_t) override { co_return Unused(); }
  Co<absl::Status> Write(std::string_view) override { co_return Unused(); }
  void SetDeadline(absl::Duration) override {}
  Co<absl::Status> AcceptTls(std::shared_ptr<const net::TlsContext>) override {
    co_return Unused();
  }
  Co<absl::Status> ConnectTls(std::shared_ptr<const net::TlsContext>, std::string) override {
    co_return Unused();
  }
  std::optional<net::TlsInfo> tls() const override {
    return tls_ ? std::optional(net::TlsInfo{"TLSv1.3", "any"}) : std::nullopt;
  }
  std::optional<std::string> channel_binding(net::ChannelBinding kind) const override {
    if (!tls_ || kind != net::ChannelBinding::kTlsExporter) return std::nullopt;
    return "the binding";
  }
  asio::ip::address peer_address() const override { return {}; }
  asio::ip::address local_address() const override { return {}; }
  uint16_t local_port() const override { return 25; }
  bool HasInput() const override { return false; }
  void Interrupt() override {}
  Co<absl::Status> Finish(std::string, absl::Duration) override { co_return Unused(); }
  void Close() override {}

 private:
  static absl::Status Unused() { return absl::UnimplementedError("not for this test"); }

  const bool tls_;
};

class SaslExchangeTest : public testing::Test {
 protected:
  // Begins a mechanism; empty, or the reply that refuses it.
  std::string Begin(const std::string& mechanism, bool tls = true, bool binding = true) {
    stream_ = std::make_unique<Stream>(tls);
    peer_ = {&backends_.authenticator, stream_.get(), "192.0.2.1"};
    auto made = NewSaslExchange(mechanism, {.tls = tls, .binding = binding, .tokens = true}, peer_);
    if (const auto* refused = std::get_if<smtp::Reply>(&made)) return smtp::ToLogLine(*refused);
    exchange_ = std::move(std::get<0>(made));
    return "";
  }
  // The challenge that answers it, "reply <code> …", or "decided <reply>".
  std::string Say(const std::string& message) {
    std::optional<SaslStep> step;
    asio::io_context io;
    TaskGroup group(io.get_executor(), "test");
    group.Spawn(Take(AnswerLine(smtp::EncodeBase64(message), exchange_.get()), &step));
    io.run();
    if (const auto* challenge = std::get_if<Challenge>(&*step)) return challenge->text;
    if (const auto* reply = std::get_if<smtp::Reply>(&*step)) {
      return "reply " + smtp::ToLogLine(*reply);
    }
    const auto& decided = std::get<Decided>(*step);
    user_ = decided.user;
    if (!decided.answer.ok()) return "undecided";
    return "decided " + smtp::ToLogLine(ReplyFor(decided.answer->verdict));
  }
  // All of SCRAM but for our signature; `binding` is what c= says.
  std::string Prove(const std::string& first, const std::string& binding,
                    const std::string& proof = "s1_0", const std::string& nonce = "") {
    const std::string server_first = Say(first);
    if (server_first.substr(0, 2) != "r=") return server_first;
    EXPECT_EQ(server_first.substr(0, 7), "r=nonce") << server_first;
    nonce_ = server_first.substr(2, server_first.find(',') - 2);
    EXPECT_GE(nonce_.size(), 5 + 26U) << "130 bits of ours";
    EXPECT_EQ(server_first.substr(server_first.find(",s=")),
              ",s=" + smtp::EncodeBase64("salt") + ",i=4096");
    return Say("c=" + smtp::EncodeBase64(binding) + ",r=" + (nonce.empty() ? nonce_ : nonce) +
               ",p=" + smtp::EncodeBase64(proof));
  }

  FakeBackends backends_;
  std::unique_ptr<Stream> stream_;
  SaslPeer peer_;
  std::unique_ptr<SaslExchange> exchange_;
  std::string nonce_;
  std::string user_;

 private:
  static Co<void> Take(Co<SaslStep> asked, std::optional<SaslStep>* step) {
    *step = co_await std::move(asked);
  }
};

constexpr char kFirst[] = "n,,n=s1_0,r=nonce";
constexpr char kWrong[] = "decided 535 5.7.8 wrong user name or password";
constexpr char kBadForm[] = "reply 501 5.5.2 the response does not have the form of the mechanism";
constexpr char kBound[] = "p=tls-exporter,,n=s1_0,r=nonce";
constexpr char kBadBinding[] =
    "reply 535 5.7.8 the channel binding does not fit; somebody may be in between";

// SPEC S3
TEST_F(SaslExchangeTest, Scram_EndsWithOurSignatureAndTheClientsSilence) {
  ASSERT_EQ(Begin("SCRAM-SHA-256", false), "");
  EXPECT_EQ(Prove(kFirst, "n,,"), "v=" + smtp::EncodeBase64("sig"));
  EXPECT_EQ(backends_.authenticator.last_auth_message,
            "n=s1_0,r=nonce,r=" + nonce_ + ",s=c2FsdA==,i=4096,c=biws,r=" + nonce_);
  EXPECT_EQ(Say(""), "decided 235 2.7.0 authentication successful");
  EXPECT_EQ(user_, "s1_0");
}

TEST_F(SaslExchangeTest, Scram_ClientThatAddsToItsProofIsRefused) {
  ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
  EXPECT_EQ(Prove(kFirst, "n,,").substr(0, 2), "v=");
  EXPECT_EQ(Say("more"), kBadForm);
}

TEST_F(SaslExchangeTest, Scram_ClientThatCancelsBehindOurSignatureIsNotIn) {
  ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
  EXPECT_EQ(Prove(kFirst, "n,,").substr(0, 2), "v=");
  std::optional<SaslStep> step;
  asio::io_context io;
  TaskGroup group(io.get_executor(), "test");
  const auto cancel = [](SaslExchange* exchange, std::optional<SaslStep>* out) -> Co<void> {
    *out = co_await AnswerLine("*", exchange);
  };
  group.Spawn(cancel(exchange_.get(), &step));
  io.run();
  EXPECT_EQ(std::get<smtp::Reply>(*step).code, 501);
}

// SPEC S3: unknown users and wrong proofs sound the same.
TEST_F(SaslExchangeTest, Scram_WrongIsWrong) {
  for (const char* first : {kFirst, "n,,n=nobody,r=nonce"}) {
    ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
    EXPECT_EQ(Prove(first, "n,,", "wrong"), kWrong) << first;
  }
  ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
  EXPECT_EQ(Prove(kFirst, "n,,", "s1_0", "noncemine"), "reply " + std::string(kWrong + 8));
  ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
  EXPECT_EQ(Prove("n,a=s1_1,n=s1_0,r=nonce", "n,,"), "reply " + std::string(kWrong + 8));
}

TEST_F(SaslExchangeTest, Scram_InactiveAndBlockedHearNoSignature) {
  ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
  EXPECT_EQ(Prove("n,,n=s1_1,r=nonce", "n,,", "s1_1").substr(0, 19), "decided 525 5.7.13 ");
}

TEST_F(SaslExchangeTest, AuthDown_IsUndecided) {
  backends_.authenticator.down = true;
  for (const auto& [mechanism, message] :
       {std::pair("SCRAM-SHA-256", std::string(kFirst)),
        std::pair("OAUTHBEARER", std::string("n,,\1auth=Bearer s1_0\1\1")),
        std::pair("PLAIN", std::string("\0s1_0\0secret", 12))}) {
    ASSERT_EQ(Begin(mechanism), "");
    EXPECT_EQ(Say(message), "undecided") << mechanism;
  }
}

// RFC 5802 §6. SPEC S3
TEST_F(SaslExchangeTest, ScramPlus_IsTiedToTheConnection) {
  ASSERT_EQ(Begin("SCRAM-SHA-256-PLUS"), "");
  EXPECT_EQ(Prove(kBound, "p=tls-exporter,,the binding").substr(0, 2), "v=");
  for (const char* binding : {"p=tls-exporter,,another binding", "p=tls-exporter,,", "n,,"}) {
    ASSERT_EQ(Begin("SCRAM-SHA-256-PLUS"), "");
    EXPECT_EQ(Prove(kBound, binding), kBadBinding) << binding;
  }
  for (const char* name : {"tls-unique", "tls-server-end-point", "tls-new"}) {
    ASSERT_EQ(Begin("SCRAM-SHA-256-PLUS"), "");
    EXPECT_EQ(Prove("p=" + std::string(name) + ",,n=s1_0,r=nonce", ""),
              "reply 535 5.7.8 this channel binding is not supported here")
        << name;
  }
  for (const char* first : {kFirst, "y,,n=s1_0,r=nonce"}) {
    ASSERT_EQ(Begin("SCRAM-SHA-256-PLUS"), "");
    EXPECT_EQ(Prove(first, ""), kBadForm) << first;
  }
}

// RFC 5802 §6: a client that has channel binding and saw no -PLUS was shown another offer than
// ours.
TEST_F(SaslExchangeTest, Scram_DowngradeIsNoticed) {
  ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
  EXPECT_EQ(Prove("y,,n=s1_0,r=nonce", "y,,"), kBadBinding);
  ASSERT_EQ(Begin("SCRAM-SHA-256", false), "");
  EXPECT_EQ(Prove("y,,n=s1_0,r=nonce", "y,,").substr(0, 2), "v=") << "in clear none was offered";
  ASSERT_EQ(Begin("SCRAM-SHA-256", true, false), "");
  EXPECT_EQ(Prove("y,,n=s1_0,r=nonce", "y,,").substr(0, 2), "v=") << "the operator offers none";
  EXPECT_EQ(Begin("SCRAM-SHA-256-PLUS", true, false).substr(0, 10), "504 5.5.4 ");
  ASSERT_EQ(Begin("SCRAM-SHA-256"), "");
  EXPECT_EQ(Prove(kBound, ""), kBadForm);
}

// SPEC S3
TEST_F(SaslExchangeTest, Tokens_OpenAndAreRefusedWithAReasonThatIsAnswered) {
  const std::string bearer = "n,a=s1_0,\1host=relay.example\1port=25\1auth=Bearer ";
  const std::string google = "user=s1_0\1auth=Bearer ";
  for (const auto& [mechanism, head, reason, dummy] :
       {std::tuple("OAUTHBEARER", bearer, R"({"status":"invalid_token"})", "\1"),
        std::tuple("XOAUTH2", google, R"({"status":"401","schemes":"bearer"})", "")}) {
    ASSERT_EQ(Begin(mechanism), "");
    EXPECT_EQ(Say(head + "s1_0\1\1"), "decided 235 2.7.0 authentication successful") << mechanism;
    ASSERT_EQ(Begin(mechanism), "");
    EXPECT_EQ(Say(head + "s1_1\1\1"), reason) << "another user's";
    EXPECT_EQ(Say(dummy), kWrong);
    ASSERT_EQ(Begin(mechanism), "");
    EXPECT_EQ(Say("nonsense"), kBadForm);
    EXPECT_EQ(Begin(mechanism, false).substr(0, 11), "538 5.7.11 ") << "a bearer's token in clear";
  }
  ASSERT_EQ(Begin("OAUTHBEARER"), "");
  EXPECT_EQ(Say("n,,\1auth=Bearer s1_1\1\1").substr(0, 19), "decided 525 5.7.13 ");
}

TEST(SaslOffer, NamesWhatCanBeUsedNow) {
  EXPECT_EQ(SaslMechanisms({}), "PLAIN LOGIN SCRAM-SHA-256");
  EXPECT_EQ(SaslMechanisms({.tokens = true}), "PLAIN LOGIN SCRAM-SHA-256");
  EXPECT_EQ(SaslMechanisms({.tls = true}), "PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS");
  EXPECT_EQ(SaslMechanisms({.tls = true, .binding = false}), "PLAIN LOGIN SCRAM-SHA-256");
  EXPECT_EQ(SaslMechanisms({.tls = true, .tokens = true}),
            "PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS OAUTHBEARER XOAUTH2");
}

TEST(SaslOffer, TokensWithoutAnIssuer_AreUnknown) {
  const SaslPeer nobody;
  for (const char* name : {"OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-1", "CRAM-MD5", ""}) {
    const auto made = NewSaslExchange(name, {.tls = true}, nobody);
    ASSERT_TRUE(std::holds_alternative<smtp::Reply>(made)) << name;
    EXPECT_EQ(std::get<smtp::Reply>(made).code, 504) << name;
  }
}

}  // namespace
}  // namespace staffetta::gateway
