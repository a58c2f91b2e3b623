#include "common/smtp/base64.h"

#include "absl/strings/escaping.h"
#include "common/base/text.h"

namespace staffetta::smtp {

std::string EncodeBase64(std::string_view octets) { return absl::Base64Escape(ToAbsl(octets)); }

std::optional<std::string> DecodeBase64Strict(std::string_view text) {
  std::string decoded;
  if (!absl::Base64Unescape(ToAbsl(text), &decoded)) return std::nullopt;
  // What was lenient in the decoding does not come back in the encoding.
  if (EncodeBase64(decoded) != text) return std::nullopt;
  return decoded;
}

}  // namespace staffetta::smtp
