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

constexpr char kPairEnd = '\1';  // kvsep of RFC 7628 §3.1

// b64token of RFC 6750 §2.1.
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
}

// The value of `key` among "key=value^A…^A": exactly one, and the list ends with an empty pair.
std::optional<std::string_view> FindPair(std::string_view pairs, std::string_view key) {
  std::optional<std::string_view> found;
  while (pairs != std::string_view(&kPairEnd, 1)) {
    const size_t end = pairs.find(kPairEnd);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view pair = pairs.substr(0, end);
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    if (pair.substr(0, equals) == key) {
      if (found) return std::nullopt;
      found = pair.substr(equals + 1);
    }
    pairs.remove_prefix(end + 1);
  }
  return found;
}

// What stands behind "Bearer", a word that may be written in any case (RFC 7235 §2.1).
std::optional<std::string_view> BearerToken(std::string_view pairs) {
  constexpr std::string_view kScheme = "BEARER";
  const auto auth = FindPair(pairs, "auth");
  if (!auth || ToUpper(auth->substr(0, kScheme.size())) != kScheme) return std::nullopt;
  const std::string_view behind = auth->substr(kScheme.size());
  const std::string_view token = Trim(behind);
  if (behind.substr(0, 1) != " " || !IsToken(token)) return std::nullopt;
  return token;
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

std::optional<std::string> DecodeSaslName(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    if (text.front() == ',') return std::nullopt;
    if (text.front() != '=') {
      name += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string_view escape = text.substr(0, 3);
    if (escape != "=2C" && escape != "=3D") return std::nullopt;
    name += escape == "=2C" ? ',' : '=';
    text.remove_prefix(3);
  }
  if (name.empty() || name.size() > kMaxAuthName) return std::nullopt;
  return name;
}

Parsed<BearerCredentials, SyntaxError> ParseOauthBearer(std::string_view decoded) {
  if (decoded.find('\0') != std::string_view::npos || !IsUtf8(decoded)) {
    return SyntaxError::kBadCredentials;
  }
  // "n,": without channel binding, of which there is none for this mechanism.
  if (decoded.substr(0, 2) != "n," && decoded.substr(0, 2) != "y,") {
    return SyntaxError::kBadCredentials;
  }
  decoded.remove_prefix(2);
  const size_t end = decoded.find(kPairEnd);
  if (end == std::string_view::npos || end == 0 || decoded[end - 1] != ',') {
    return SyntaxError::kBadCredentials;
  }
  BearerCredentials credentials;
  if (const std::string_view authzid = decoded.substr(0, end - 1); !authzid.empty()) {
    auto name = authzid.substr(0, 2) == "a=" ? DecodeSaslName(authzid.substr(2)) : std::nullopt;
    if (!name) return SyntaxError::kBadCredentials;
    credentials.user = *std::move(name);
  }
  const auto token = BearerToken(decoded.substr(end + 1));
  if (!token) return SyntaxError::kBadCredentials;
  credentials.token = *token;
  return credentials;
}

Parsed<BearerCredentials, SyntaxError> ParseXoauth2(std::string_view decoded) {
  if (decoded.find('\0') != std::string_view::npos || !IsUtf8(decoded)) {
    return SyntaxError::kBadCredentials;
  }
  const auto user = FindPair(decoded, "user");
  const auto token = BearerToken(decoded);
  if (!user || user->empty() || user->size() > kMaxAuthName || !token) {
    return SyntaxError::kBadCredentials;
  }
  return BearerCredentials{std::string(*user), std::string(*token)};
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
