#pragma once

// Child processes that end with us.

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace staffetta::redis {

// Runs argv[0] (searched in PATH) in a process group of its own with a clean signal mask, no
// input, and its output appended to `log_path`; inherits `keep_fd` and no other descriptor. The
// kernel sends it SIGTERM when this process ends (not merely when the calling thread does).
// UNAVAILABLE when it cannot be started.
absl::StatusOr<pid_t> SpawnTied(std::vector<std::string> argv, const std::string& log_path,
                                int keep_fd);

}  // namespace staffetta::redis
