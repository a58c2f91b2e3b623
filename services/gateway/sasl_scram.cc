#include "gateway/sasl_scram.h"

#include <optional>
#include <utility>

#include "common/base/ids.h"
#include "common/base/secret.h"
#include "common/smtp/scram.h"
#include "gateway/verdicts.h"

namespace staffetta::gateway {
namespace {

using Binding = smtp::ScramClientFirst::Binding;

std::optional<net::ChannelBinding> KindOf(std::string_view name) {
  if (name == "tls-exporter") return net::ChannelBinding::kTlsExporter;
  if (name == "tls-unique") return net::ChannelBinding::kTlsUnique;
  if (name == "tls-server-end-point") return net::ChannelBinding::kTlsServerEndPoint;
  return std::nullopt;
}

class ScramExchange final : public SaslExchange {
 public:
  ScramExchange(ScramBinding binding, const SaslPeer& peer) : binding_(binding), peer_(peer) {}

  Co<SaslStep> Answer(std::string decoded) override {
    if (!first_) co_return co_await First(decoded);
    if (!decided_) co_return co_await Final(decoded);
    // The client has seen our signature, and has nothing to add.
    if (!decoded.empty()) co_return smtp::ReplyFor(smtp::SyntaxError::kBadCredentials);
    co_return *std::move(decided_);
  }

 private:
  Co<SaslStep> First(std::string_view message) {
    auto first = smtp::ParseScramClientFirst(message);
    if (!first) co_return smtp::ReplyFor(first.error());
    if (!first->authzid.empty() && first->authzid != first->user) {
      co_return ReplyFor(AuthVerdict::kWrongCredentials);
    }
    if (auto refused = TakeBinding(*first)) co_return *std::move(refused);
    auto parameters = co_await peer_.authenticator->GetScramParameters(first->user);
    if (!parameters.ok()) co_return Decided{first->user, parameters.status()};
    nonce_ = first->nonce + NewToken();
    server_first_ = smtp::ScramServerFirst(nonce_, parameters->salt, parameters->iterations);
    first_ = *std::move(first);
    co_return Challenge{server_first_};
  }

  Co<SaslStep> Final(std::string_view message) {
    auto final = smtp::ParseScramClientFinal(message);
    if (!final) co_return smtp::ReplyFor(final.error());
    if (!ConstantTimeEquals(final->binding, expected_binding_)) {
      co_return ReplyFor(Said::kChannelBindingFailed);
    }
    if (final->nonce != nonce_) co_return ReplyFor(AuthVerdict::kWrongCredentials);
    auto answer = co_await peer_.authenticator->AuthenticateScram(
        first_->user, smtp::ScramAuthMessage(*first_, server_first_, *final),
        std::move(final->proof), peer_.client_address);
    const bool good = answer.ok() && answer->verdict == AuthVerdict::kOk;
    const std::string signature = good ? answer->server_signature : "";
    Decided decided{first_->user, std::move(answer)};
    if (!good) co_return decided;
    decided_ = std::move(decided);
    co_return Challenge{smtp::ScramServerFinal(signature)};
  }

  // What the client must say again in its last message; or why it cannot go on.
  std::optional<smtp::Reply> TakeBinding(const smtp::ScramClientFirst& first) {
    expected_binding_ = first.gs2_header;
    if (binding_ != ScramBinding::kUsed) {
      if (first.binding == Binding::kUsed) {
        return smtp::ReplyFor(smtp::SyntaxError::kBadCredentials);
      }
      // It could have used one, but has not seen our offer: somebody took it out (RFC 5802 §6).
      if (first.binding == Binding::kSpurned && binding_ == ScramBinding::kNotUsed) {
        return ReplyFor(Said::kChannelBindingFailed);
      }
      return std::nullopt;
    }
    if (first.binding != Binding::kUsed) {
      return smtp::ReplyFor(smtp::SyntaxError::kBadCredentials);
    }
    const auto kind = KindOf(first.binding_name);
    const auto data = kind ? peer_.stream->channel_binding(*kind) : std::nullopt;
    if (!data) return ReplyFor(Said::kChannelBindingUnknown);
    expected_binding_ += *data;
    return std::nullopt;
  }

  const ScramBinding binding_;
  const SaslPeer& peer_;
  std::optional<smtp::ScramClientFirst> first_;
  std::string expected_binding_;
  std::string nonce_;
  std::string server_first_;
  std::optional<Decided> decided_;  // our signature is out
};

}  // namespace

std::unique_ptr<SaslExchange> NewScramExchange(ScramBinding binding, const SaslPeer& peer) {
  return std::make_unique<ScramExchange>(binding, peer);
}

}  // namespace staffetta::gateway
