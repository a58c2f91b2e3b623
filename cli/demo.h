#pragma once

#include <absl/status/status.h>

#include <string>

#include "cli/relay.h"

namespace staffetta::cli {

// Makes the demo account, unless the data has it from an earlier run: an account whose mail goes to
// the sandbox, a verified domain, one active user. Prints what to paste into mail clients; the
// password only when it is new, for only its verifier is kept.
//
// With `out` the same is written there as JSON, mode 0600: host, ports, user, password, sender,
// grpc. A file of an earlier run keeps its password; without one a new password is made.
absl::Status SetUpDemo(const Relay& relay, const std::string& data_dir, const std::string& out);

}  // namespace staffetta::cli
