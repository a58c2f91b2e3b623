#include "gateway/sasl_oauth.h"

#include <optional>
#include <utility>

namespace staffetta::gateway {
namespace {

// RFC 7628 §3.2.2, and https://developers.google.com/gmail/imap/xoauth2-protocol.
constexpr char kInvalidToken[] = R"({"status":"invalid_token"})";
constexpr char kGoogleInvalidToken[] = R"({"status":"401","schemes":"bearer"})";

class TokenExchange final : public SaslExchange {
 public:
  TokenExchange(TokenForm form, const SaslPeer& peer) : form_(form), peer_(peer) {}

  Co<SaslStep> Answer(std::string decoded) override {
    if (refused_) co_return *std::move(refused_);  // whatever the client says to that
    auto credentials =
        form_ == TokenForm::kGoogle ? smtp::ParseXoauth2(decoded) : smtp::ParseOauthBearer(decoded);
    if (!credentials) co_return smtp::ReplyFor(credentials.error());
    auto answer = co_await peer_.authenticator->AuthenticateToken(
        credentials->user, std::move(credentials->token), peer_.client_address);
    const bool wrong = answer.ok() && answer->verdict == AuthVerdict::kWrongCredentials;
    Decided decided{std::move(credentials->user), std::move(answer)};
    if (!wrong) co_return decided;
    refused_ = std::move(decided);
    co_return Challenge{form_ == TokenForm::kGoogle ? kGoogleInvalidToken : kInvalidToken};
  }

 private:
  const TokenForm form_;
  const SaslPeer& peer_;
  std::optional<Decided> refused_;
};

}  // namespace

std::unique_ptr<SaslExchange> NewTokenExchange(TokenForm form, const SaslPeer& peer) {
  return std::make_unique<TokenExchange>(form, peer);
}

}  // namespace staffetta::gateway
