#pragma once

// Character sets of text in mail: UTF-8, US-ASCII and the families ISO-8859 and Windows-125x, which
// all have ASCII as it is in their lower half, so that an ASCII octet is that character and nothing
// else.

#include <optional>
#include <string>
#include <string_view>

namespace staffetta::mime {

// By its name in MIME, without regard to case.
bool IsKnownCharset(std::string_view charset);

// Nothing when the charset is not known, or `octets` are not text in it. UTF-8 is not checked.
std::optional<std::string> ToUtf8(std::string_view octets, std::string_view charset);

// What stands for characters that the charset does not have.
enum class Instead { kQuestionMark, kHtmlReference };

// `utf8` must be valid UTF-8 and the charset known.
std::string FromUtf8(std::string_view utf8, std::string_view charset, Instead instead);

}  // namespace staffetta::mime
