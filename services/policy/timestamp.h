#pragma once

#include <absl/time/time.h>
#include <google/protobuf/timestamp.pb.h>

namespace staffetta::policy {

inline google::protobuf::Timestamp Timestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t nanos = absl::ToUnixNanos(time);
  timestamp.set_seconds(nanos / 1'000'000'000);
  timestamp.set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  return timestamp;
}

}  // namespace staffetta::policy
