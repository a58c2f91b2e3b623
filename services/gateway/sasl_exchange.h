#pragma once

// The dialogue of one AUTH command (RFC 4954), without the lines it travels in. Pure. A new
// mechanism is a new class behind NewSaslExchange.

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "common/smtp/reply.h"
#include "common/smtp/sasl.h"

namespace staffetta::gateway {

// What the mechanism needs next.
struct Challenge {
  std::string text;  // of the 334, base64
};
struct Credentials {
  std::string user;
  std::string password;
};
using SaslStep = std::variant<Challenge, Credentials, smtp::Reply>;  // a reply: it is over, refused

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;

  // The first step, with the initial response if there was one.
  virtual SaslStep Start(const smtp::AuthArgs& args) = 0;
  // The client's decoded answer to the last challenge.
  virtual SaslStep Answer(std::string decoded) = 0;
};

// Null: there is no such mechanism. `mechanism` is in upper case.
std::unique_ptr<SaslExchange> NewSaslExchange(std::string_view mechanism);

// The names for EHLO.
inline constexpr std::string_view kSaslMechanisms = "PLAIN LOGIN";

// The client's line behind a 334: cancels, is not base64, or is an answer.
SaslStep AnswerLine(std::string_view line, SaslExchange* exchange);

}  // namespace staffetta::gateway
