#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "staffetta/queue/v1/queue.pb.h"

// What the stores are given, and how it follows from the contract's messages.
namespace staffetta::queue {

// One message to one destination, about to be stored. The event parts are described in
// lua/layout.lua.
struct NewDelivery {
  std::string lane;
  std::string event_part;
  size_t recipients = 0;
};

// What became of a message that was stored.
struct Receipt {
  std::string id;         // the message that is queued; empty: refused, its content is not there
  int message_class = 0;  // 2 in place of 1 when the account's urgent budget is used up
};

// A message about to be stored.
struct StorableMessage {
  std::string id;
  std::string event_part;
  std::string change;   // the ACCEPTED event's own part
  std::string content;  // compressed; empty when it is in pieces, or in the second store
  int64_t content_size = 0;
  int content_pieces = 0;
  int64_t announced = 0;  // of content in the second store, what names it there; 0: it is not there
  int message_class = 3;
  absl::Time ready = absl::InfinitePast();  // from then on; the past: at once
  absl::Duration lifetime;                  // from then on
  bool own_lifetime = false;
  std::string idempotency_digest;  // empty: none
  std::vector<NewDelivery> deliveries;
  // The content as it came, for a worker that gets the message at once; null: it is not at hand.
  const std::string* plain_content = nullptr;
  // Written when the message is stored, unless null.
  Receipt* receipt = nullptr;
};

// What becomes of a delivery whose lease ends. kAside: it cannot be handed out, an operator must
// look.
enum class Fate { kDone, kRetry, kBack, kAside };

struct StorableCompletion {
  std::string delivery_id;
  std::string lease_id;
  Fate fate = Fate::kDone;
  absl::Duration wait;                  // kRetry: from now
  std::string left;                     // kRetry: the delivery's event part from now on
  int recipients_left = 0;              // kRetry
  std::vector<std::string> changes;     // event parts to publish
  std::vector<StorableMessage> bounce;  // none or one
};

struct RecordOptions {
  absl::Duration lifetime = absl::Hours(24 * 5);
  int compression_level = 1;
  std::string level = "synced";  // of durability, for the event
};

// Points into `message`, which must outlive it. INVALID_ARGUMENT names the field.
absl::StatusOr<StorableMessage> ToStorable(const v1::NewMessage& message,
                                           const RecordOptions& options);

// INVALID_ARGUMENT: an outcome without a kind, or a bounce that cannot be stored.
absl::StatusOr<StorableCompletion> ToStorable(const v1::Completion& completion,
                                              const RecordOptions& options, absl::Time now);

// The domain of an address in A-labels, in lower case; of <postmaster>: empty.
std::string DestinationOf(const std::string& recipient);

// What is published when a lease runs out, and when a delivery is set aside.
std::string LeaseLostChange();
std::string SetAsideChange(const std::string& why);

// The event part that makes a message one of class 2.
std::string DemotedPart();

}  // namespace staffetta::queue
