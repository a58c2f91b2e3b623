#pragma once

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include <string>

namespace staffetta {

// What an account's mail leaves by when nobody says otherwise.
inline constexpr char kDefaultChannel[] = "shared";

// INVALID_ARGUMENT: no channel has this name.
inline absl::Status CheckChannel(const std::string& name) {
  if (name == kDefaultChannel || name == "sandbox") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("channel: \"", name, "\" is unknown; use \"shared\" or \"sandbox\""));
}

}  // namespace staffetta
