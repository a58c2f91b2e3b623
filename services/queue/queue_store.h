#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "common/redis/client.h"
#include "queue/records.h"

namespace staffetta::queue {

// One partition of the queue in Redis; the only file that speaks it. How it is stored, and the
// invariants: lua/common.lua. Confined to the client's thread.
//
// Failures are those of redis::Client; after a failed write the change may have happened.
class QueueStore {
 public:
  struct Options {
    // Events that stay readable, about.
    int64_t keep_events = 1'000'000;
    absl::Duration lease_time = absl::Seconds(15);
  };

  QueueStore(redis::Client* client, int partition, Options options);

  // Stored as it is in Redis; parse with Event and DecompressContent.
  struct Leased {
    std::string delivery_id;
    std::string lease_id;
    int message_class = 0;
    int attempts = 0;
    std::string delivery_part;
    std::string message_part;
    int64_t content_size = 0;
    absl::Time accepted;
    absl::Time expires;
    std::string content;  // empty: over kInlineContent
  };
  struct LeaseResult {
    absl::Time now;          // Redis's clock
    absl::Time next_change;  // when something changes by itself; InfiniteFuture: never
    int highest_waiting_class = 0;
    std::vector<Leased> deliveries;
  };
  struct RenewResult {
    int highest_waiting_class = 0;
    std::vector<std::string> lost;
  };
  struct Described {
    std::string delivery_id;
    int message_class = 0;
    int attempts = 0;
    std::string delivery_part;
    std::string message_part;
    absl::Time accepted;
    absl::Time expires;
    v1::DeliveryState state = v1::DELIVERY_STATE_UNSPECIFIED;
    absl::Time until;  // InfiniteFuture: not by itself
  };
  struct Stats {
    std::array<int64_t, 6> ready{};  // by class; [0] is unused
    int64_t due_later = 0;
    int64_t leased = 0;
    int64_t messages = 0;
  };
  struct Page {
    std::vector<Described> deliveries;
    std::string next;  // empty: that was all
  };

  // Content up to this size comes along with a lease.
  static constexpr int64_t kInlineContent = 128 << 10;

  // Durable, all of them, when OK.
  Co<absl::Status> Enqueue(std::vector<StorableMessage> messages);
  // At most `credits` of the best.
  Co<absl::StatusOr<LeaseResult>> Lease(int credits);
  Co<absl::StatusOr<RenewResult>> Renew(std::vector<v1::HeldLease> leases);
  // The deliveries whose lease was lost.
  Co<absl::StatusOr<std::vector<std::string>>> Complete(
      std::vector<StorableCompletion> completions);
  // As stored. NOT_FOUND: no such message.
  Co<absl::StatusOr<std::string>> GetContent(std::string message_id);

  Co<absl::StatusOr<Stats>> GetStats();
  // One step of a walk over all deliveries; `from` is empty or the `next` before.
  Co<absl::StatusOr<Page>> List(std::string from, int about);
  // The unfinished deliveries of a message; none: it is not queued.
  Co<absl::StatusOr<std::vector<Described>>> DescribeMessage(std::string message_id);

  // Where other replicas publish that something became ready, and the word this one publishes.
  const std::string& wake_channel() const { return wake_channel_; }
  const std::string& waker() const { return waker_; }

 private:
  Co<absl::StatusOr<std::vector<Described>>> Describe(std::vector<std::string> deliveries);

  redis::Client* const client_;
  const std::string tag_;  // "{0}"
  const Options options_;
  const std::string wake_channel_;
  const std::string waker_;
  const std::string lease_lost_;
  uint64_t lease_calls_ = 0;
};

}  // namespace staffetta::queue
