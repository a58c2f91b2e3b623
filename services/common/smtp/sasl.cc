#include "common/smtp/sasl.h"

#include <algorithm>
#include <optional>

#include "common/smtp/ascii.h"
#include "common/smtp/base64.h"
#include "common/smtp/utf8.h"

namespace staffetta::smtp {
namespace {

constexpr size_t kMaxMechanism = 20;  // RFC 4422 §3.1

// mech-char of RFC 4422 §3.1.
bool IsMechanism(std::string_view upper) {
  if (upper.empty() || upper.size() > kMaxMechanism) return false;
  return std::all_of(upper.begin(), upper.end(),
                     [](char c) { return IsAlnum(c) || c == '-' || c == '_'; });
}

}  // namespace

Parsed<AuthArgs, SyntaxError> ParseAuth(std::string_view argument) {
  const size_t space = std::min(argument.find(' '), argument.size());
  AuthArgs args{.mechanism = ToUpper(argument.substr(0, space))};
  if (!IsMechanism(args.mechanism)) return SyntaxError::kBadArgument;
  if (space == argument.size()) return args;
  const std::string_view initial = Trim(argument.substr(space));
  args.has_initial = true;
  if (initial == "=") return args;
  std::optional<std::string> decoded = DecodeBase64Strict(initial);
  if (!decoded || decoded->empty()) return SyntaxError::kBadBase64;
  args.initial = *std::move(decoded);
  return args;
}

Parsed<PlainCredentials, SyntaxError> ParsePlain(std::string_view decoded) {
  const size_t first = decoded.find('\0');
  if (first == std::string_view::npos) return SyntaxError::kBadCredentials;
  const size_t second = decoded.find('\0', first + 1);
  if (second == std::string_view::npos) return SyntaxError::kBadCredentials;
  const std::string_view authzid = decoded.substr(0, first);
  const std::string_view authcid = decoded.substr(first + 1, second - first - 1);
  const std::string_view password = decoded.substr(second + 1);
  if (authzid.size() > kMaxAuthName || authcid.empty() || authcid.size() > kMaxAuthName ||
      password.empty() || password.size() > kMaxAuthPassword) {
    return SyntaxError::kBadCredentials;
  }
  if (password.find('\0') != std::string_view::npos || !IsUtf8(decoded)) {
    return SyntaxError::kBadCredentials;
  }
  return PlainCredentials{std::string(authzid), std::string(authcid), std::string(password)};
}

Parsed<std::string, SyntaxError> ParseLoginAnswer(std::string_view decoded, size_t max) {
  if (decoded.empty() || decoded.size() > max) return SyntaxError::kBadCredentials;
  if (decoded.find('\0') != std::string_view::npos || !IsUtf8(decoded)) {
    return SyntaxError::kBadCredentials;
  }
  return std::string(decoded);
}

std::string EncodePlain(std::string_view user, std::string_view password) {
  std::string text(1, '\0');
  text.append(user);
  text.push_back('\0');
  text.append(password);
  return EncodeBase64(text);
}

std::string EncodeXoauth2(std::string_view user, std::string_view token) {
  std::string text = "user=";
  text.append(user).append("\1auth=Bearer ").append(token).append("\1\1");
  return EncodeBase64(text);
}

}  // namespace staffetta::smtp
