#pragma once

#include <absl/strings/string_view.h>

#include <string_view>

// Debian builds Abseil with a string_view of its own, which does not convert to the standard one.
namespace staffetta {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace staffetta
