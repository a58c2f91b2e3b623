#pragma once

// The grammar of the simple SASL mechanisms, both ways. Whoever holds the results keeps them out
// of logs.

#include <string>
#include <string_view>

#include "common/smtp/parsed.h"
#include "common/smtp/syntax_error.h"

namespace staffetta::smtp {

inline constexpr size_t kMaxAuthName = 255;       // octets
inline constexpr size_t kMaxAuthPassword = 1024;  // octets
inline constexpr size_t kMaxAuthLine = 12288;     // RFC 4954 §4: base64 with CRLF

// Server challenges of LOGIN, base64 of "Username:" and "Password:".
inline constexpr std::string_view kLoginUserPrompt = "VXNlcm5hbWU6";
inline constexpr std::string_view kLoginPasswordPrompt = "UGFzc3dvcmQ6";

struct AuthArgs {
  std::string mechanism;  // upper case
  bool has_initial = false;
  std::string initial;  // decoded; empty for "="
};
// The argument of AUTH (RFC 4954 §4): "PLAIN", "PLAIN =", "PLAIN dGVz…".
Parsed<AuthArgs, SyntaxError> ParseAuth(std::string_view argument);

struct PlainCredentials {
  std::string authzid;  // often empty
  std::string authcid;
  std::string password;
};
// A decoded PLAIN response (RFC 4616): exactly two NULs, UTF-8, name and password not empty.
Parsed<PlainCredentials, SyntaxError> ParsePlain(std::string_view decoded);

// A decoded answer to a LOGIN prompt: UTF-8 without NUL, not empty, at most `max` octets.
Parsed<std::string, SyntaxError> ParseLoginAnswer(std::string_view decoded, size_t max);

// Client side: the response in base64, for "AUTH PLAIN <…>" and "AUTH XOAUTH2 <…>".
std::string EncodePlain(std::string_view user, std::string_view password);
std::string EncodeXoauth2(std::string_view user, std::string_view token);

}  // namespace staffetta::smtp
