#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace staffetta::smtp {

// RFC 4648 §4 to the letter: the standard alphabet, full padding, no white space, no stray bits.
// (absl::Base64Unescape is lenient in each of these.)
std::string EncodeBase64(std::string_view octets);
std::optional<std::string> DecodeBase64Strict(std::string_view text);

}  // namespace staffetta::smtp
