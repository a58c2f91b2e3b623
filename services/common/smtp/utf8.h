#pragma once

#include <string_view>

namespace staffetta::smtp {

// True for well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing over U+10FFFF.
bool IsUtf8(std::string_view text);

// True when every octet is below 128.
bool IsAscii(std::string_view text);

// True when there is a C0 control, DEL, or a C1 control written in UTF-8 (U+0080…U+009F).
bool HasControl(std::string_view text);

}  // namespace staffetta::smtp
