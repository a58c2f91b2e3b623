#include "common/mime/dates.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace staffetta::mime {
namespace {

constexpr int64_t kFirst = -2208988800;  // 1900-01-01 00:00:00
constexpr int64_t kLast = 253402300799;  // 9999-12-31 23:59:59

constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string FormatDate(int64_t unix_seconds) {
  using std::chrono::seconds;
  const seconds since_epoch(std::clamp(unix_seconds, kFirst, kLast));
  const auto days = std::chrono::floor<std::chrono::days>(since_epoch);
  const std::chrono::sys_days day(days);
  const std::chrono::year_month_day date(day);
  const int second_of_day = static_cast<int>((since_epoch - seconds(days)).count());
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d +0000",
                kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
  return text;
}

}  // namespace staffetta::mime
