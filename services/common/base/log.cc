#include "common/base/log.h"

#include <absl/strings/escaping.h>

namespace staffetta::log {

bool SetLevel(std::string_view level) {
  for (const char* known : {"trace", "debug", "info", "warn", "error"}) {
    if (level == known) {
      spdlog::set_level(spdlog::level::from_str(known));
      return true;
    }
  }
  return false;
}

std::string Escaped(std::string_view text) {
  constexpr size_t kLongest = 500;
  return absl::Utf8SafeCEscape(std::string(text.substr(0, kLongest)));
}

}  // namespace staffetta::log
