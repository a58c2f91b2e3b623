#include "common/smtp/scram.h"

#include <algorithm>
#include <optional>

#include "common/smtp/ascii.h"
#include "common/smtp/base64.h"
#include "common/smtp/sasl.h"
#include "common/smtp/utf8.h"

namespace staffetta::smtp {
namespace {

// Takes what stands before the next comma, and the comma, off the front of `*text`.
std::optional<std::string_view> TakeField(std::string_view* text) {
  const size_t comma = text->find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view field = text->substr(0, comma);
  text->remove_prefix(comma + 1);
  return field;
}

// The value of "<name>=<value>", not empty.
std::optional<std::string_view> ValueOf(char name, std::string_view field) {
  if (field.size() < 3 || field[0] != name || field[1] != '=') return std::nullopt;
  return field.substr(2);
}

bool IsBindingName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return IsAlnum(c) || c == '.' || c == '-'; });
}

// printable of RFC 5802 §7: visible ASCII but the comma.
bool IsNonce(std::string_view nonce, size_t most) {
  return nonce.size() <= most && std::all_of(nonce.begin(), nonce.end(), [](char c) {
           return c > ' ' && c < '\x7f' && c != ',';
         });
}

// attr-val *("," attr-val) behind what we know: passed over, as long as it is of that form.
bool AreExtensions(std::string_view text) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view field = text.substr(0, comma);
    if (field.size() < 3 || !IsAlpha(field[0]) || field[1] != '=') return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
    if (text.empty()) return false;
  }
  return true;
}

}  // namespace

Parsed<ScramClientFirst, SyntaxError> ParseScramClientFirst(std::string_view message) {
  using Binding = ScramClientFirst::Binding;
  if (!IsAscii(message)) {
    return IsUtf8(message) ? SyntaxError::kNonAsciiName : SyntaxError::kBadCredentials;
  }
  if (message.find('\0') != std::string_view::npos) return SyntaxError::kBadCredentials;
  ScramClientFirst first;
  std::string_view rest = message;
  const auto flag = TakeField(&rest);
  const auto authzid = TakeField(&rest);
  if (!flag || !authzid) return SyntaxError::kBadCredentials;
  if (*flag == "y") {
    first.binding = Binding::kSpurned;
  } else if (const auto name = ValueOf('p', *flag); name && IsBindingName(*name)) {
    first.binding = Binding::kUsed;
    first.binding_name = *name;
  } else if (*flag != "n") {
    return SyntaxError::kBadCredentials;
  }
  if (!authzid->empty()) {
    const auto name = ValueOf('a', *authzid);
    auto decoded = name ? DecodeSaslName(*name) : std::nullopt;
    if (!decoded) return SyntaxError::kBadCredentials;
    first.authzid = *std::move(decoded);
  }
  first.gs2_header = message.substr(0, message.size() - rest.size());
  first.bare = rest;

  // "m=" would stand here, and demands an extension that nobody has.
  const auto user_field = TakeField(&rest);
  const auto user = user_field ? ValueOf('n', *user_field) : std::nullopt;
  auto decoded = user ? DecodeSaslName(*user) : std::nullopt;
  if (!decoded) return SyntaxError::kBadCredentials;
  first.user = *std::move(decoded);
  const size_t comma = std::min(rest.find(','), rest.size());
  const auto nonce = ValueOf('r', rest.substr(0, comma));
  if (!nonce || !IsNonce(*nonce, kMaxScramNonce)) return SyntaxError::kBadCredentials;
  first.nonce = *nonce;
  if (comma < rest.size()) {
    rest.remove_prefix(comma + 1);
    if (rest.empty() || !AreExtensions(rest)) return SyntaxError::kBadCredentials;
  }
  return first;
}

std::string ScramServerFirst(std::string_view nonce, std::string_view salt, int iterations) {
  std::string message = "r=";
  message.append(nonce).append(",s=").append(EncodeBase64(salt)).append(",i=");
  return message.append(std::to_string(iterations));
}

Parsed<ScramClientFinal, SyntaxError> ParseScramClientFinal(std::string_view message) {
  if (message.find('\0') != std::string_view::npos || !IsUtf8(message)) {
    return SyntaxError::kBadCredentials;
  }
  // The proof is the last attribute, and base64 has no comma.
  const size_t last = message.rfind(',');
  if (last == std::string_view::npos) return SyntaxError::kBadCredentials;
  ScramClientFinal final;
  final.without_proof = message.substr(0, last);
  std::string_view rest = final.without_proof;
  const auto binding_field = TakeField(&rest);
  const size_t comma = std::min(rest.find(','), rest.size());
  const auto binding = binding_field ? ValueOf('c', *binding_field) : std::nullopt;
  const auto nonce = ValueOf('r', rest.substr(0, comma));
  const auto proof = ValueOf('p', message.substr(last + 1));
  if (!binding || !nonce || !proof) return SyntaxError::kBadCredentials;
  if (comma < rest.size() && !AreExtensions(rest.substr(comma + 1))) {
    return SyntaxError::kBadCredentials;
  }
  auto binding_octets = DecodeBase64Strict(*binding);
  auto proof_octets = DecodeBase64Strict(*proof);
  if (!binding_octets || !proof_octets || !IsNonce(*nonce, 2 * kMaxScramNonce)) {
    return SyntaxError::kBadCredentials;
  }
  final.binding = *std::move(binding_octets);
  final.nonce = *nonce;
  final.proof = *std::move(proof_octets);
  return final;
}

std::string ScramServerFinal(std::string_view signature) { return "v=" + EncodeBase64(signature); }

std::string ScramAuthMessage(const ScramClientFirst& client_first, std::string_view server_first,
                             const ScramClientFinal& client_final) {
  std::string message = client_first.bare;
  message.append(",").append(server_first).append(",").append(client_final.without_proof);
  return message;
}

}  // namespace staffetta::smtp
