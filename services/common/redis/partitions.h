#pragma once

#include <absl/status/statusor.h>

#include "common/base/co.h"
#include "common/redis/client.h"

namespace staffetta::redis {

// How many partitions, with the hash tags {0}, {1} and so on, there may be something in: the most
// that there ever were. Remembers `configured` when that is more. Failures are those of Client.
//
//   partitions:{0}  that number; missing: 1
Co<absl::StatusOr<int>> PartitionsInUse(Client& client, int configured);

}  // namespace staffetta::redis
