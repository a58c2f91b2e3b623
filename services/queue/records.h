#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "staffetta/queue/v1/queue.pb.h"

// What the store is given and gives back, and how it follows from the contract's messages.
namespace staffetta::queue {

// One message to one destination, about to be stored. The event parts are described in
// lua/common.lua.
struct NewDelivery {
  std::string lane;
  std::string event_part;
};

// A message about to be stored.
struct StorableMessage {
  std::string id;
  std::string event_part;
  std::string change;   // the ACCEPTED event's own part
  std::string content;  // compressed
  size_t content_size = 0;
  int message_class = 3;
  absl::Duration wait;
  absl::Duration lifetime;
  std::vector<NewDelivery> deliveries;
};

// What becomes of a delivery whose lease ends.
enum class Fate { kDone, kRetry, kBack };

struct StorableCompletion {
  std::string delivery_id;
  std::string lease_id;
  Fate fate = Fate::kDone;
  absl::Duration wait;                  // kRetry: from now
  std::string left;                     // kRetry: the delivery's event part from now on
  std::vector<std::string> changes;     // event parts to publish
  std::vector<StorableMessage> bounce;  // none or one
};

struct RecordOptions {
  absl::Duration lifetime = absl::Hours(24 * 5);
  int compression_level = 1;
};

// INVALID_ARGUMENT names the field: id, class, recipients.
absl::StatusOr<StorableMessage> ToStorable(const v1::NewMessage& message,
                                           const RecordOptions& options, absl::Time now);

// INVALID_ARGUMENT: an outcome without a kind, or a bounce that cannot be stored.
absl::StatusOr<StorableCompletion> ToStorable(const v1::Completion& completion,
                                              const RecordOptions& options, absl::Time now);

// The event part that is published when a lease runs out.
std::string LeaseLostChange();

}  // namespace staffetta::queue
