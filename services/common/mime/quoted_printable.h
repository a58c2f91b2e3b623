#pragma once

#include <string>
#include <string_view>

namespace staffetta::mime {

// RFC 2045 §6.7. Lenient as mail clients are: what is not a correct escape stays as it is.
std::string DecodeQuotedPrintable(std::string_view encoded);

// Lines of at most 76 octets. CRLF is a line break; CR or LF alone is encoded.
std::string EncodeQuotedPrintable(std::string_view text);

}  // namespace staffetta::mime
