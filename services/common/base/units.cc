#include "common/base/units.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <limits>
#include <set>

#include "common/base/text.h"

namespace staffetta {
namespace {

constexpr absl::Duration kLongest = absl::Hours(100 * 8766);

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <class... Parts>
absl::Status Refused(std::string_view text, const Parts&... why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", ToAbsl(text), "\" ", why...));
}

absl::Status NoDuration(std::string_view text) {
  return Refused(text, "is not a length of time; write it like 500ms, 30s, 5m, 36h or 5d");
}

// absl knows no day; the number is read as hours first.
absl::Duration OneDuration(std::string_view number, std::string_view unit, bool* ok) {
  absl::Duration value;
  const bool days = unit == "d";
  *ok = absl::ParseDuration(absl::StrCat(ToAbsl(number), days ? "h" : ToAbsl(unit)), &value);
  return days ? 24 * value : value;
}

// The factor of a unit of size; 0: there is no such unit.
int64_t FactorOf(std::string_view unit) {
  constexpr struct {
    std::string_view unit;
    int64_t factor;
  } kUnits[] = {
      {"", 1},
      {"B", 1},
      {"KiB", int64_t{1} << 10},
      {"MiB", int64_t{1} << 20},
      {"GiB", int64_t{1} << 30},
      {"TiB", int64_t{1} << 40},
      {"kB", 1'000},
      {"KB", 1'000},
      {"MB", 1'000'000},
      {"GB", 1'000'000'000},
      {"TB", 1'000'000'000'000},
  };
  for (const auto& known : kUnits) {
    if (known.unit == unit) return known.factor;
  }
  return 0;
}

bool ReadPort(std::string_view text, int* port) {
  if (text.empty() || text.size() > 5) return false;
  for (const char c : text) {
    if (!IsDigit(c)) return false;
  }
  return absl::SimpleAtoi(ToAbsl(text), port) && *port <= 65535;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  if (text == "0") return absl::ZeroDuration();
  if (text.empty()) return NoDuration(text);
  if (text.front() == '-') return Refused(text, "is negative");
  absl::Duration sum;
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t digits = 0;
    while (digits < rest.size() && (IsDigit(rest[digits]) || rest[digits] == '.')) ++digits;
    size_t end = digits;
    while (end < rest.size() && !IsDigit(rest[end]) && rest[end] != '.') ++end;
    if (digits == 0) return NoDuration(text);
    if (end == digits) return Refused(text, "has a number without unit; write it like 30s or 5m");
    bool ok = false;
    sum += OneDuration(rest.substr(0, digits), rest.substr(digits, end - digits), &ok);
    if (!ok) return NoDuration(text);
    rest.remove_prefix(end);
  }
  if (sum > kLongest) return Refused(text, "is too long");
  return sum;
}

absl::StatusOr<int64_t> ParseBytes(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  const int64_t factor = FactorOf(text.substr(digits));
  if (digits == 0 || factor == 0) {
    if (!text.empty() && text.front() == '-') return Refused(text, "is negative");
    return Refused(text, "is not a size; write it like 4096, 64KiB, 25MiB or 10MB");
  }
  int64_t number = 0;
  if (!absl::SimpleAtoi(ToAbsl(text.substr(0, digits)), &number) ||
      number > std::numeric_limits<int64_t>::max() / factor) {
    return Refused(text, "is too large");
  }
  return number * factor;
}

absl::StatusOr<std::vector<uint16_t>> ParsePorts(std::string_view text) {
  if (text == "0") return std::vector<uint16_t>{0};
  std::set<uint16_t> ports;
  for (const absl::string_view item : absl::StrSplit(ToAbsl(text), ',')) {
    const std::string_view part = ToStd(absl::StripAsciiWhitespace(item));
    const size_t dash = part.find('-');
    const bool range = dash != std::string_view::npos;
    int first = 0;
    int last = 0;
    if (!ReadPort(part.substr(0, dash), &first) ||
        !ReadPort(range ? part.substr(dash + 1) : part, &last)) {
      return Refused(part, "is not a port or a range of ports; write them like 25,587,1025-5000");
    }
    if (first == 0) return Refused(part, "has port 0, which stands alone only: any free port");
    if (first > last) return Refused(part, "is a range that ends before it starts");
    for (int port = first; port <= last; ++port) ports.insert(static_cast<uint16_t>(port));
  }
  return std::vector<uint16_t>(ports.begin(), ports.end());
}

std::string FormatPorts(std::vector<uint16_t> ports) {
  std::sort(ports.begin(), ports.end());
  std::string text;
  for (size_t i = 0; i < ports.size(); ++i) {
    const size_t first = i;
    while (i + 1 < ports.size() && ports[i + 1] == ports[i] + 1) ++i;
    absl::StrAppend(&text, text.empty() ? "" : ",", ports[first]);
    if (i > first) absl::StrAppend(&text, "-", ports[i]);
  }
  return text;
}

}  // namespace staffetta
