#pragma once

#include "absl/status/status.h"
#include "common/base/co.h"
#include "common/redis/client.h"

namespace staffetta::redis {

// Whether what this Redis acknowledges survives a power cut: appendonly yes, appendfsync always,
// maxmemory-policy noeviction. FAILED_PRECONDITION names the setting, what was found and the fix;
// also when CONFIG is forbidden, as on managed services. Other failures: as Client::Run.
// `allow_volatile`: the first two may be anything and CONFIG may be forbidden; eviction stays
// refused where it is seen. `client` must outlive the call.
Co<absl::Status> CheckDurable(Client& client, bool allow_volatile);

}  // namespace staffetta::redis
