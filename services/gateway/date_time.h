#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

namespace staffetta::gateway {

enum class DateForm {
  kRfc3339,  // §5.6: "2027-01-15T10:00:00+01:00", "2027-01-15T09:00:00.5Z"
  kIso8601,  // also without seconds, and with the offset as "+0100" or "+01"
};

// A date and time with offset.
std::optional<absl::Time> ParseDateTime(std::string_view text, DateForm form);

// In UTC, whole seconds: "2027-01-15T09:00:00Z".
std::string FormatDateTime(absl::Time time);

}  // namespace staffetta::gateway
