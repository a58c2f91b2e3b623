#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/co.h"
#include "common/redis/client.h"

namespace staffetta::redis {

// Both ask every master that there is now. FAILED_PRECONDITION names the server, the setting, what
// was found and the fix; also when CONFIG is forbidden, as on managed services. Other failures: as
// Client::RunOnMasters. `client` must outlive the call.

// What is demanded of a server, whose CONFIG may be forbidden or unknown.
enum class Demand {
  kShown,       // it says that it is durable and evicts nothing
  kNotDenied,   // it says so, or nothing
  kNoEviction,  // it evicts nothing, or does not say; it need not be durable
};

// Whether what this Redis acknowledges survives a power cut: appendonly yes, appendfsync always,
// maxmemory-policy noeviction. aof-load-truncated may stay `yes`: with appendfsync always a write
// is synced before its answer, so that what a crash tears off the file's end was acknowledged to
// nobody, and `no` would only keep Redis down until somebody cuts it off by hand.
Co<absl::Status> CheckDurable(Client& client, Demand demand);

// Whether a master refuses writes that fewer than `replicas` replicas can take at once:
// min-replicas-to-write of at least so many, and a min-replicas-max-lag. Without it a master that
// was paused and replaced acknowledges writes that are lost when it learns of its successor; with
// it and Client::EvalAndWait, what is acknowledged is on so many replicas.
Co<absl::Status> CheckReplicas(Client& client, int replicas);

// The masters that have more than `replicas` replicas now; none where that is not told. What so
// many have taken can be lost there: the one that is promoted may be another. Of a dead master the
// sentinels choose the replica that has most; but while one is paused or cut off, and for about a
// second after, what it acknowledges is held by those that have not heard of its successor.
Co<absl::StatusOr<std::vector<std::string>>> MastersWithMoreReplicas(Client& client, int replicas);

}  // namespace staffetta::redis
