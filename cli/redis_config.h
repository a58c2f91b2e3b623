#pragma once

#include <absl/status/statusor.h>

#include <optional>

#include "common/redis/client.h"
#include "common/redis/deployment.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::cli {

// Whether the configuration names no Redis, so that this process has its own.
bool WantsEmbeddedRedis(const config::v1::Redis& config);

// The Redis that the configuration names. FAILED_PRECONDITION: a password file cannot be read;
// INVALID_ARGUMENT: an address is none.
absl::StatusOr<redis::Deployment> DeploymentOf(const config::v1::Redis& config);

// The second store that it names for content; nullopt: none. Failures as above.
absl::StatusOr<std::optional<redis::Client::Options>> ContentStoreOf(
    const config::v1::ContentStore& config);

}  // namespace staffetta::cli
