#pragma once

#include <absl/status/statusor.h>

#include "common/redis/deployment.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::cli {

// Whether the configuration names no Redis, so that this process has its own.
bool WantsEmbeddedRedis(const config::v1::Redis& config);

// The Redis that the configuration names. FAILED_PRECONDITION: a password file cannot be read;
// INVALID_ARGUMENT: an address is none.
absl::StatusOr<redis::Deployment> DeploymentOf(const config::v1::Redis& config);

}  // namespace staffetta::cli
