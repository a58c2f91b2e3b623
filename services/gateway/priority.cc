#include "gateway/priority.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "common/smtp/ascii.h"

namespace staffetta::gateway {
namespace {

constexpr int kNormal = 3;

struct Word {
  std::string_view word;
  int message_class;
};

// Of all four fields; "urgent" and "non-urgent" are those of RFC 2156, by the levels that RFC 6710
// gives them.
constexpr Word kWords[] = {{"1", 1},      {"2", 2},       {"3", 3},          {"4", 4},
                           {"5", 5},      {"highest", 1}, {"high", 2},       {"urgent", 2},
                           {"normal", 3}, {"low", 4},     {"non-urgent", 4}, {"lowest", 5}};

// "1 (Highest)", "High", "non-urgent".
std::optional<int> ReadClass(std::string_view raw_value) {
  const std::string text = smtp::ToLower(mime::Unfold(raw_value));
  const std::string_view word = std::string_view(text).substr(0, text.find_first_of(" \t("));
  for (const Word& known : kWords) {
    if (known.word == word) return known.message_class;
  }
  return std::nullopt;
}

// A field that mail clients show.
struct Shown {
  std::string_view name;
  std::array<std::string_view, 5> values;  // by class
  bool added;
};

constexpr Shown kShown[] = {
    {"X-Priority", {"1 (Highest)", "2 (High)", "3 (Normal)", "4 (Low)", "5 (Lowest)"}, true},
    {"Importance", {"high", "high", "normal", "low", "low"}, true},
    {"X-MSMail-Priority", {"High", "High", "Normal", "Low", "Low"}, false},
};

}  // namespace

int EffectiveClass(const Priorities& priorities) {
  std::optional<int> own = priorities.smtp_api;
  if (!own && priorities.mt_priority) own = ClassOfMtPriority(*priorities.mt_priority);
  if (!own) own = priorities.header;
  return std::clamp(std::min(priorities.user, own.value_or(priorities.user)), 1, 5);
}

int ClassOfMtPriority(int priority) {
  if (priority >= 6) return 1;
  if (priority >= 2) return 2;
  if (priority >= -1) return kNormal;
  return priority >= -5 ? 4 : 5;
}

int GrantedMtPriority(int user, int asked) {
  constexpr std::array<int, 5> kLowest = {6, 2, -1, -5, -9};  // by class
  return std::max(asked, kLowest[static_cast<size_t>(std::clamp(user, 1, 5)) - 1]);
}

std::optional<int> ClassOfHeader(const mime::HeaderBlock& header) {
  for (const std::string_view name :
       {"X-Priority", "Importance", "X-MSMail-Priority", "Priority"}) {
    const mime::Field* const field = header.Find(name);
    if (field == nullptr) continue;
    if (const std::optional<int> read = ReadClass(field->value)) return read;
  }
  return std::nullopt;
}

void ShowClass(int message_class, const mime::HeaderBlock& header, mime::Edits* edits) {
  for (const Shown& shown : kShown) {
    const std::string_view wanted = shown.values[static_cast<size_t>(message_class) - 1];
    const mime::Field* const field = header.Find(shown.name);
    if (field == nullptr) {
      if (shown.added && message_class != kNormal) edits->Replace(shown.name, wanted);
      continue;
    }
    const std::optional<int> said = ReadClass(field->value);
    const bool agrees = said && shown.values[static_cast<size_t>(*said) - 1] == wanted;
    if (!agrees || header.Count(shown.name) > 1) edits->Replace(shown.name, wanted);
  }
}

}  // namespace staffetta::gateway
