#pragma once

// Between std::string_view and Abseil's own, which Debian's Abseil keeps apart.

#include <string_view>

#include "absl/strings/string_view.h"

namespace staffetta::redis {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace staffetta::redis
