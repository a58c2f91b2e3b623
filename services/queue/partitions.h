#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/base/co.h"
#include "queue/admin_store.h"
#include "queue/queue_store.h"

// What is asked of all partitions together. Confined to the stores' thread.
namespace staffetta::queue {

// One partition's stores.
struct Stores {
  QueueStore* queue;
  AdminStore* admin;
};

// How many partitions a scope of deliveries is spread over, among so many. An account is in one,
// and with it what is its own.
int SpreadOf(const std::string& scope, size_t partitions);

// The partition that a message's or delivery's id names, among so many. INVALID_ARGUMENT: it is no
// id; UNAVAILABLE: another replica may serve it, configured with more.
absl::StatusOr<size_t> PartitionOf(const std::string& id, size_t partitions);

// One step of a walk over all deliveries of all partitions, as AdminStore::List. INVALID_ARGUMENT:
// the token is none.
Co<absl::StatusOr<AdminStore::Page>> ListFrom(std::vector<Stores> partitions, std::string token,
                                              int about);

// The sums; holds are in each partition alike.
Co<absl::StatusOr<AdminStore::Stats>> StatsOf(std::vector<Stores> partitions);

// NOT_FOUND: the message is not queued.
Co<absl::StatusOr<AdminStore::Description>> DescribeMessage(std::vector<Stores> partitions,
                                                            std::string message_id);
// The same, as seen from all partitions: a higher class goes first wherever it waits (SPEC P3), and
// a worker asks now here, now there. A partition that does not answer is left out.
Co<absl::StatusOr<AdminStore::Description>> DescribeAmongAll(std::vector<Stores> partitions,
                                                             std::string message_id);

}  // namespace staffetta::queue
