#include "gateway/date_time.h"

#include <string>

#include "common/smtp/ascii.h"

namespace staffetta::gateway {
namespace {

// Takes what the pattern says off the front: "d" a digit, anything else itself without regard to
// case.
bool Take(std::string_view pattern, std::string_view* text) {
  if (text->size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = (*text)[i];
    const bool fits =
        pattern[i] == 'd' ? smtp::IsDigit(c) : smtp::Upper(c) == smtp::Upper(pattern[i]);
    if (!fits) return false;
  }
  text->remove_prefix(pattern.size());
  return true;
}

// absl::ParseTime knows many more forms.
bool IsDateTime(std::string_view text) {
  if (!Take("dddd-dd-ddTdd:dd:dd", &text)) return false;
  if (Take(".d", &text)) {
    while (Take("d", &text)) continue;
  }
  const bool offset = Take("Z", &text) || Take("+dd:dd", &text) || Take("-dd:dd", &text);
  return offset && text.empty();
}

}  // namespace

std::optional<absl::Time> ParseDateTime(std::string_view text) {
  absl::Time time;
  if (!IsDateTime(text)) return std::nullopt;
  if (!absl::ParseTime(absl::RFC3339_full, smtp::ToUpper(text), &time, nullptr)) {
    return std::nullopt;
  }
  return time;
}

std::string FormatDateTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace staffetta::gateway
