#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace staffetta {

// The key in a file: one line of 20 or more visible characters. NOT_FOUND: there is no such file;
// FAILED_PRECONDITION: others than its owner may read it, or it holds no key. No message contains
// the key.
absl::StatusOr<std::string> ReadKeyFile(const std::string& path);

// The same; a missing file is made first, with a new token, readable by its owner only and synced.
// Processes that start at once all get the same key.
absl::StatusOr<std::string> ReadOrCreateKeyFile(const std::string& path);

}  // namespace staffetta
