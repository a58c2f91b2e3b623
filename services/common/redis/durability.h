#pragma once

#include "absl/status/status.h"
#include "common/base/co.h"
#include "common/redis/client.h"

namespace staffetta::redis {

// Both ask every master that there is now. FAILED_PRECONDITION names the server, the setting, what
// was found and the fix; also when CONFIG is forbidden, as on managed services. Other failures: as
// Client::RunOnMasters. `client` must outlive the call.

// Whether what this Redis acknowledges survives a power cut: appendonly yes, appendfsync always,
// maxmemory-policy noeviction. `allow_volatile`: the first two may be anything and CONFIG may be
// forbidden; eviction stays refused where it is seen.
Co<absl::Status> CheckDurable(Client& client, bool allow_volatile);

// Whether a master refuses writes that fewer than `replicas` replicas can take at once:
// min-replicas-to-write of at least so many, and a min-replicas-max-lag. Without it a master that
// was paused and replaced acknowledges writes that are lost when it learns of its successor; with
// it and Client::EvalAndWait, what is acknowledged is on so many replicas.
Co<absl::Status> CheckReplicas(Client& client, int replicas);

}  // namespace staffetta::redis
