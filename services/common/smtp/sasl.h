#pragma once

// The grammar of the simple SASL mechanisms, both ways. Whoever holds the results keeps them out
// of logs.

#include <optional>
#include <string>
#include <string_view>

#include "common/smtp/parsed.h"
#include "common/smtp/syntax_error.h"

namespace staffetta::smtp {

inline constexpr size_t kMaxAuthName = 255;       // octets
inline constexpr size_t kMaxAuthPassword = 1024;  // octets
inline constexpr size_t kMaxAuthLine = 12288;     // RFC 4954 §4: base64 with CRLF

// Server challenges of LOGIN, before base64.
inline constexpr std::string_view kLoginUserPrompt = "Username:";
inline constexpr std::string_view kLoginPasswordPrompt = "Password:";

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

// A bearer token and whose it is to be.
struct BearerCredentials {
  std::string user;  // empty: whoever the token names
  std::string token;
};
// A decoded OAUTHBEARER response (RFC 7628 §3.1): GS2 header, then key/value pairs, of which one is
// the token; others (host, port) are passed over.
Parsed<BearerCredentials, SyntaxError> ParseOauthBearer(std::string_view decoded);
// A decoded XOAUTH2 response (Google): "user=…^Aauth=Bearer …^A^A".
Parsed<BearerCredentials, SyntaxError> ParseXoauth2(std::string_view decoded);

// A name in which "," and "=" are written "=2C" and "=3D" (saslname of RFC 5801 §4); nothing when
// it is not, or empty, or too long.
std::optional<std::string> DecodeSaslName(std::string_view text);

// Client side: the response in base64, for "AUTH PLAIN <…>" and "AUTH XOAUTH2 <…>".
std::string EncodePlain(std::string_view user, std::string_view password);
std::string EncodeXoauth2(std::string_view user, std::string_view token);

}  // namespace staffetta::smtp
