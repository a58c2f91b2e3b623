#pragma once

#include <string>
#include <string_view>

namespace staffetta {

// Compares in a time that depends on the lengths only.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

// HMAC-SHA-256 (RFC 2104), 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

}  // namespace staffetta
