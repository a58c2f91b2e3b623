#pragma once

// The dialogue of one AUTH command (RFC 4954), without the lines it travels in: what the mechanism
// says and hears, and what it asks auth. A new mechanism is a new class behind NewSaslExchange.

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/co.h"
#include "common/net/stream.h"
#include "common/smtp/reply.h"
#include "common/smtp/sasl.h"
#include "gateway/backends.h"

namespace staffetta::gateway {

// What the mechanism needs next, or how it ended.
struct Challenge {
  std::string text;  // of the 334, not yet base64
};
struct Decided {
  std::string user;  // as the client says it
  absl::StatusOr<AuthAnswer> answer;
};
using SaslStep = std::variant<Challenge, Decided, smtp::Reply>;  // a reply: it is over, refused

// Who wants in. All outlive the exchange.
struct SaslPeer {
  Authenticator* authenticator = nullptr;
  const net::Stream* stream = nullptr;
  std::string client_address;
};

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;

  // What is said to a client that has sent nothing with the command.
  virtual std::string_view Prompt() const { return ""; }
  // The client's decoded answer to the last challenge, or its initial response.
  virtual Co<SaslStep> Answer(std::string decoded) = 0;
};

// What the edge offers now.
struct SaslOffer {
  bool tls = false;
  bool binding = true;  // -PLUS, where there is TLS
  bool tokens = false;  // an issuer is configured
};

// The names for EHLO.
std::string SaslMechanisms(SaslOffer offer);

// The exchange of a mechanism, in upper case; or why there is none: unknown, or not without TLS.
std::variant<std::unique_ptr<SaslExchange>, smtp::Reply> NewSaslExchange(std::string_view mechanism,
                                                                         SaslOffer offer,
                                                                         const SaslPeer& peer);

// The first step: with the initial response, or the prompt for it.
Co<SaslStep> FirstStep(smtp::AuthArgs args, SaslExchange* exchange);

// The client's line behind a 334: cancels, is not base64, or is an answer.
Co<SaslStep> AnswerLine(std::string line, SaslExchange* exchange);

}  // namespace staffetta::gateway
