#pragma once

#include <absl/status/status.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "common/redis/value.h"

// What scripts answer, read.
namespace staffetta::queue {

// Numbers that went through Lua come back as integers or as text.
inline int64_t NumberOf(const redis::Value& value) {
  int64_t number = value.integer();
  if (value.kind() == redis::Value::Kind::kString && !absl::SimpleAtoi(value.str(), &number)) {
    number = 0;
  }
  return number;
}

inline absl::Time TimeOf(const redis::Value& value) {
  return absl::FromUnixMillis(NumberOf(value));
}

inline absl::Time TimeOrNever(const redis::Value& value) {
  return NumberOf(value) == 0 ? absl::InfiniteFuture() : TimeOf(value);
}

inline std::vector<std::string> TakeStrings(redis::Value value) {
  std::vector<std::string> strings;
  for (redis::Value& element : value.TakeArray()) strings.push_back(element.TakeString());
  return strings;
}

inline absl::Status Unexpected(const char* script) {
  return absl::InternalError(absl::StrCat("unexpected reply of script ", script));
}

}  // namespace staffetta::queue
