#pragma once

#include <string>
#include <string_view>

namespace staffetta::mime {

inline constexpr size_t kMaxDecodedHeader = 4096;  // octets

// Text for people, from an unstructured field such as Subject: unfolded, with encoded words
// (RFC 2047, B and Q; UTF-8, ISO-8859-1, US-ASCII) decoded, as valid UTF-8 without controls. What
// cannot be decoded stays as it is written. Cut after `max` octets, between characters.
// For display only: never compare or authorise with it.
std::string DecodeHeaderText(std::string_view raw_value, size_t max = kMaxDecodedHeader);

}  // namespace staffetta::mime
