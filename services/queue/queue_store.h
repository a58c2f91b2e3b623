#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/co.h"
#include "queue/partition.h"
#include "queue/records.h"
#include "queue/second_store.h"

namespace staffetta::queue {

// The transitions of one partition's deliveries, each one script; with AdminStore the only file
// that speaks this part of Redis. How it is stored, and the invariants: lua/layout.lua. Confined to
// the client's thread.
//
// Failures are those of redis::Client; after a failed write the change may have happened.
class QueueStore {
 public:
  struct Options {
    absl::Duration lease_time = absl::Seconds(15);
    // Class-1 messages of an account in a minute; those beyond it are of class 2. 0: any number.
    int urgent_per_minute = 0;
    // Of 1,000 deliveries, how many are of lower classes although higher ones wait.
    int floor_per_mille = 0;
    // Replicas that must have a message before it counts as stored, and how long they may take.
    // Waiting for them holds up what is behind it: `waiting_client` is for that alone.
    int replicas = 0;
    absl::Duration replica_timeout = absl::Seconds(1);
    redis::Client* waiting_client = nullptr;
    // Where content lies; null: with all the rest.
    SecondStore* second = nullptr;
  };

  QueueStore(const Partition* partition, Options options);

  // What a worker can take.
  struct Want {
    std::string worker;
    int credits = 0;
    int express = 0;  // of class 1, beside the credits
    int lowest_class = 5;
  };
  // Stored as it is in Redis; parse with Event and DecompressContent.
  struct Leased {
    std::string delivery_id;
    std::string lease_id;
    int message_class = 0;
    int attempts = 0;
    std::string delivery_part;
    std::string message_part;
    int64_t content_size = 0;
    int content_pieces = 0;
    int64_t announced = 0;  // as in StorableMessage
    absl::Time accepted;
    absl::Time expires;
    bool by_floor_share = false;  // handed out although a higher class waited (SPEC P4)
    // Compressed; empty: over kInlineContent, or plain_content has it, or it could not be had at
    // once.
    std::string content;
    std::string plain_content;
  };
  // What waits in the partition.
  struct Outlook {
    int highest_waiting_class = 0;                           // 0: none
    absl::Duration until_change = absl::InfiniteDuration();  // until it changes by itself
  };
  struct LeaseResult {
    absl::Time now;  // Redis's clock
    Outlook outlook;
    std::vector<Leased> deliveries;
  };
  struct RenewResult {
    int highest_waiting_class = 0;
    std::vector<std::string> lost;  // leases
  };
  struct CompleteResult {
    std::vector<std::string> lost;   // leases
    std::optional<Outlook> outlook;  // nullopt: nothing that changes it has happened
  };

  // Content up to this size comes along with a lease.
  static constexpr int64_t kInlineContent = 128 << 10;

  // Durable, all of them, when OK; their receipts are written. Hands out deliveries in the same
  // step when somebody waits for them, without what the second store would have to be asked for.
  Co<absl::StatusOr<LeaseResult>> Enqueue(std::vector<StorableMessage> messages,
                                          std::optional<Want> want);
  // The best that there is. `sweep`: also looks for what has expired.
  Co<absl::StatusOr<LeaseResult>> Lease(Want want, bool sweep);
  Co<absl::StatusOr<RenewResult>> Renew(std::vector<v1::HeldLease> leases);
  Co<absl::StatusOr<CompleteResult>> Complete(std::vector<StorableCompletion> completions);

  // A piece of content of a message that is to come; gone after an hour without it.
  Co<absl::Status> PutContent(std::string message_id, int piece, std::string frame);
  // As stored. In one piece it has no number, and is asked for like the first of several.
  // NOT_FOUND: no such message, or piece. UNAVAILABLE also: it is in a second store, of which this
  // replica does not know.
  Co<absl::StatusOr<std::string>> GetContent(std::string message_id, int piece);

  // What a replica said on the wake channel; nullopt: it was this one, or it says nothing.
  std::optional<Outlook> Heard(std::string_view message) const;

  const Partition& partition() const { return *partition_; }

 private:
  std::vector<std::string> WantArgs(const Want& want);
  Co<absl::StatusOr<redis::Value>> Write(redis::Script script, std::vector<std::string> args);
  // With a second store:
  Co<absl::Status> WriteContents(std::vector<StorableMessage>* messages);
  Co<void> WriteBounces(std::vector<StorableCompletion>* completions);
  Co<void> FetchContents(LeaseResult* result);

  const Partition* const partition_;
  const Options options_;
  const std::string lease_lost_;
  const std::string set_aside_;
  const std::string demoted_;
  uint64_t lease_calls_ = 0;
};

}  // namespace staffetta::queue
