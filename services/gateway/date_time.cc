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

bool TakeOffset(DateForm form, std::string_view* text) {
  if (Take("Z", text)) return true;
  if (!Take("+dd", text) && !Take("-dd", text)) return false;
  if (Take(":dd", text)) return true;
  return form == DateForm::kIso8601 && (Take("dd", text) || text->empty());
}

// absl::ParseTime knows many more forms.
bool IsDateTime(std::string_view text, DateForm form) {
  if (!Take("dddd-dd-ddTdd:dd", &text)) return false;
  if (Take(":dd", &text)) {
    if (Take(".d", &text)) {
      while (Take("d", &text)) continue;
    }
  } else if (form == DateForm::kRfc3339) {
    return false;
  }
  return TakeOffset(form, &text) && text.empty();
}

}  // namespace

std::optional<absl::Time> ParseDateTime(std::string_view text, DateForm form) {
  if (!IsDateTime(text, form)) return std::nullopt;
  const std::string upper = smtp::ToUpper(text);
  for (const char* format : {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d%ET%H:%M%Ez"}) {
    absl::Time time;
    if (absl::ParseTime(format, upper, &time, nullptr)) return time;
  }
  return std::nullopt;
}

std::string FormatDateTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace staffetta::gateway
