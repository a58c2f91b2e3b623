#pragma once

#include <string>
#include <string_view>

namespace staffetta::mime {

inline constexpr size_t kMaxDecodedHeader = 4096;  // octets

// Text from an unstructured field such as Subject: unfolded, with encoded words (RFC 2047, B and Q,
// of the charsets in charset.h) decoded. What cannot be decoded stays as it is written. Not
// checked: may hold controls and octets that are not UTF-8.
std::string DecodeWords(std::string_view raw_value);

// The same for people: valid UTF-8 without controls. Cut after `max` octets, between characters.
// For display only: never compare or authorise with it.
std::string DecodeHeaderText(std::string_view raw_value, size_t max = kMaxDecodedHeader);

// The value of an unstructured field that says this text, which must be UTF-8 without controls: as
// it is where that is safe, else as encoded words in UTF-8, folded.
std::string EncodeHeaderText(std::string_view utf8);

}  // namespace staffetta::mime
