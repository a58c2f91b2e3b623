#include "auth/user_name.h"

#include <absl/strings/str_cat.h>

#include <charconv>

namespace staffetta::auth {
namespace {

bool ReadNumber(std::string_view digits, uint64_t* number) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *number);
  return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

std::string UserName::ToString() const { return absl::StrCat("s", account_id, "_", number); }

std::optional<UserName> ParseUserName(std::string_view text) {
  const size_t bar = text.find('_');
  if (bar == std::string_view::npos || text.front() != 's') return std::nullopt;
  UserName name;
  if (!ReadNumber(text.substr(1, bar - 1), &name.account_id) ||
      !ReadNumber(text.substr(bar + 1), &name.number)) {
    return std::nullopt;
  }
  // Leading zeros would be a second spelling of the same name.
  if (name.account_id == 0 || name.ToString() != text) return std::nullopt;
  return name;
}

}  // namespace staffetta::auth
