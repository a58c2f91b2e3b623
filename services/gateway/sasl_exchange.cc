#include "gateway/sasl_exchange.h"

#include <optional>
#include <utility>

#include "common/smtp/base64.h"
#include "gateway/verdicts.h"

namespace staffetta::gateway {
namespace {

// RFC 4616.
class PlainExchange final : public SaslExchange {
 public:
  SaslStep Start(const smtp::AuthArgs& args) override {
    if (!args.has_initial) return Challenge{};
    return Answer(args.initial);
  }

  SaslStep Answer(std::string decoded) override {
    auto plain = smtp::ParsePlain(decoded);
    if (!plain) return smtp::ReplyFor(plain.error());
    // Nobody may act for somebody else.
    if (!plain->authzid.empty() && plain->authzid != plain->authcid) {
      return ReplyFor(AuthVerdict::kWrongCredentials);
    }
    return Credentials{std::move(plain->authcid), std::move(plain->password)};
  }
};

// draft-murchison-sasl-login: asks for the name, then for the password.
class LoginExchange final : public SaslExchange {
 public:
  SaslStep Start(const smtp::AuthArgs& args) override {
    if (!args.has_initial) return Challenge{std::string(smtp::kLoginUserPrompt)};
    return Answer(args.initial);
  }

  SaslStep Answer(std::string decoded) override {
    const size_t max = user_ ? smtp::kMaxAuthPassword : smtp::kMaxAuthName;
    auto answer = smtp::ParseLoginAnswer(decoded, max);
    if (!answer) return smtp::ReplyFor(answer.error());
    if (user_) return Credentials{*std::move(user_), *std::move(answer)};
    user_ = *std::move(answer);
    return Challenge{std::string(smtp::kLoginPasswordPrompt)};
  }

 private:
  std::optional<std::string> user_;
};

}  // namespace

std::unique_ptr<SaslExchange> NewSaslExchange(std::string_view mechanism) {
  if (mechanism == "PLAIN") return std::make_unique<PlainExchange>();
  if (mechanism == "LOGIN") return std::make_unique<LoginExchange>();
  return nullptr;
}

SaslStep AnswerLine(std::string_view line, SaslExchange* exchange) {
  if (line == "*") return ReplyFor(Said::kAuthCancelled);
  std::optional<std::string> decoded = smtp::DecodeBase64Strict(line);
  if (!decoded) return smtp::ReplyFor(smtp::SyntaxError::kBadBase64);
  return exchange->Answer(*std::move(decoded));
}

}  // namespace staffetta::gateway
