#pragma once

#include <absl/status/status.h>
#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <string>

#include "staffetta/config/v1/config.pb.h"

// What values the configuration's keys take. Statuses carry the reason only: the loader knows where
// the value stands.
namespace staffetta {

config::v1::Kind KindOf(const google::protobuf::FieldDescriptor& field);

// `field` is a text; the value is checked by its kind, and by its name where that says more. Empty
// is fine where it is the default.
absl::Status CheckText(const google::protobuf::FieldDescriptor& field, const std::string& value);

// `field` is a whole number.
absl::Status CheckNumber(const google::protobuf::FieldDescriptor& field, int64_t value);

// What several keys together get wrong: the key at fault ("grpc.listen") and why.
struct Conflict {
  std::string key;
  std::string why;  // empty: there is none
};
Conflict FindConflict(const config::v1::Config& config);

}  // namespace staffetta
