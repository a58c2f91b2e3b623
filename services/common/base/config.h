#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "staffetta/config/v1/config.pb.h"

// The configuration file, read strictly (SPEC O1): what is not in config.proto is an error, and so
// is a value that its key cannot take. Nothing is opened or resolved but the file itself.
namespace staffetta {

// One `--set key=value` of the command line; it wins over the file.
struct Override {
  std::string key;    // "gateway.ports"
  std::string value;  // text as it is; for lists and sections YAML: "[127.0.0.0/8, ::1]"
};

// Reads `path` (empty: no file, defaults only), then the overrides in order, then checks what only
// several keys together can get wrong. An optional text that is empty counts as not set. Paths of
// files come out absolute: relative to the file's directory, in an override to the working one.
//
// Fails with INVALID_ARGUMENT and "FILE:LINE: key: why", or "--set key: why"; NOT_FOUND when there
// is no such file. No message contains the value of a secret.
absl::StatusOr<config::v1::Config> LoadConfig(const std::string& path,
                                              const std::vector<Override>& overrides);

// All keys with the values in force, as YAML that LoadConfig reads again; a secret is "[set]" or
// "".
std::string EffectiveYaml(const config::v1::Config& config);

// Values that LoadConfig has checked, of keys that are lengths of time or sizes.
absl::Duration DurationOf(const std::string& value);
int64_t BytesOf(const std::string& value);

}  // namespace staffetta
