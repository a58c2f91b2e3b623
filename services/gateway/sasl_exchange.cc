#include "gateway/sasl_exchange.h"

#include <optional>
#include <utility>

#include "common/smtp/base64.h"
#include "gateway/sasl_oauth.h"
#include "gateway/sasl_scram.h"
#include "gateway/verdicts.h"

namespace staffetta::gateway {
namespace {

Co<SaslStep> CheckPassword(const SaslPeer& peer, std::string user, std::string password) {
  auto answer =
      co_await peer.authenticator->Authenticate(user, std::move(password), peer.client_address);
  co_return Decided{std::move(user), std::move(answer)};
}

// RFC 4616.
class PlainExchange final : public SaslExchange {
 public:
  explicit PlainExchange(const SaslPeer& peer) : peer_(peer) {}

  Co<SaslStep> Answer(std::string decoded) override {
    auto plain = smtp::ParsePlain(decoded);
    if (!plain) co_return smtp::ReplyFor(plain.error());
    // Nobody may act for somebody else.
    if (!plain->authzid.empty() && plain->authzid != plain->authcid) {
      co_return ReplyFor(AuthVerdict::kWrongCredentials);
    }
    co_return co_await CheckPassword(peer_, std::move(plain->authcid), std::move(plain->password));
  }

 private:
  const SaslPeer& peer_;
};

// draft-murchison-sasl-login: asks for the name, then for the password.
class LoginExchange final : public SaslExchange {
 public:
  explicit LoginExchange(const SaslPeer& peer) : peer_(peer) {}

  std::string_view Prompt() const override { return smtp::kLoginUserPrompt; }

  Co<SaslStep> Answer(std::string decoded) override {
    const size_t max = user_ ? smtp::kMaxAuthPassword : smtp::kMaxAuthName;
    auto answer = smtp::ParseLoginAnswer(decoded, max);
    if (!answer) co_return smtp::ReplyFor(answer.error());
    if (user_) co_return co_await CheckPassword(peer_, *std::move(user_), *std::move(answer));
    user_ = *std::move(answer);
    co_return Challenge{std::string(smtp::kLoginPasswordPrompt)};
  }

 private:
  const SaslPeer& peer_;
  std::optional<std::string> user_;
};

}  // namespace

std::string SaslMechanisms(SaslOffer offer) {
  std::string names = "PLAIN LOGIN SCRAM-SHA-256";
  if (offer.tls && offer.binding) names += " SCRAM-SHA-256-PLUS";
  if (offer.tls && offer.tokens) names += " OAUTHBEARER XOAUTH2";
  return names;
}

std::variant<std::unique_ptr<SaslExchange>, smtp::Reply> NewSaslExchange(std::string_view mechanism,
                                                                         SaslOffer offer,
                                                                         const SaslPeer& peer) {
  if (mechanism == "PLAIN") return std::make_unique<PlainExchange>(peer);
  if (mechanism == "LOGIN") return std::make_unique<LoginExchange>(peer);
  if (mechanism == "SCRAM-SHA-256") {
    const bool offered = offer.tls && offer.binding;
    return NewScramExchange(offered ? ScramBinding::kNotUsed : ScramBinding::kNotOffered, peer);
  }
  const bool plus = offer.binding && mechanism == "SCRAM-SHA-256-PLUS";
  const bool token = offer.tokens && (mechanism == "OAUTHBEARER" || mechanism == "XOAUTH2");
  if (!plus && !token) return ReplyFor(Said::kUnknownMechanism);
  if (!offer.tls) return ReplyFor(Said::kAuthNeedsTls);
  if (plus) return NewScramExchange(ScramBinding::kUsed, peer);
  return NewTokenExchange(mechanism == "XOAUTH2" ? TokenForm::kGoogle : TokenForm::kRfc7628, peer);
}

Co<SaslStep> FirstStep(smtp::AuthArgs args, SaslExchange* exchange) {
  if (!args.has_initial) co_return Challenge{std::string(exchange->Prompt())};
  co_return co_await exchange->Answer(std::move(args.initial));
}

Co<SaslStep> AnswerLine(std::string line, SaslExchange* exchange) {
  if (line == "*") co_return ReplyFor(Said::kAuthCancelled);
  std::optional<std::string> decoded = smtp::DecodeBase64Strict(line);
  if (!decoded) co_return smtp::ReplyFor(smtp::SyntaxError::kBadBase64);
  co_return co_await exchange->Answer(*std::move(decoded));
}

}  // namespace staffetta::gateway
