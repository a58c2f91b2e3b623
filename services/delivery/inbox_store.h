#pragma once

// What the sandbox captured, in Redis (SPEC D13). For account 7, all in one slot:
//
//   inbox:{i7}:order     sorted set: delivery id by number; a delivery is captured once
//   inbox:{i7}:last      the last number given
//   inbox:{i7}:message   hash: number → delivery.v1.CapturedMessage without number and content
//   inbox:{i7}:content   hash: number → content
//
// When there are more than `keep` the oldest go.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "common/redis/client.h"
#include "staffetta/delivery/v1/delivery.pb.h"

namespace staffetta::delivery {

// Confined to the client's thread. Failures are the client's.
class InboxStore {
 public:
  // `redis` must outlive the store.
  InboxStore(redis::Client* redis, int keep) : redis_(redis), keep_(keep) {}

  // Keeps `message` with its content; gives its number, the same one when this delivery has been
  // captured already (its completion was lost).
  Co<absl::StatusOr<uint64_t>> Capture(uint64_t account, std::string delivery_id,
                                       v1::CapturedMessage message);

  struct Page {
    std::vector<v1::CapturedMessage> messages;  // the newest first, without content
    int64_t total = 0;                          // in the inbox
  };
  // Those with numbers below `below` (0: all), at most `limit`.
  Co<absl::StatusOr<Page>> List(uint64_t account, uint64_t below, int limit);

  // With content; nullopt: there is none of that number.
  Co<absl::StatusOr<std::optional<v1::CapturedMessage>>> Get(uint64_t account, uint64_t number);

  // Forgets all; gives how many there were. Numbers are not used again.
  Co<absl::StatusOr<int64_t>> Clear(uint64_t account);

 private:
  redis::Client* const redis_;
  const int keep_;
};

}  // namespace staffetta::delivery
