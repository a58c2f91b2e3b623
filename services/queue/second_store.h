#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "queue/partition.h"
#include "queue/records.h"

namespace staffetta::queue {

// The content of one partition's messages in a second store (SPEC Q8): another server that speaks
// Redis's protocol, with more room. How the two are kept in step: lua/layout.lua. Confined to the
// clients' thread.
//
// Failures are those of redis::Client, of either store; after a failed write the change may have
// happened, and is swept when it led to nothing.
class SecondStore {
 public:
  struct Clients {
    redis::Client* store = nullptr;
    // For what may fail early, and then takes along what is under way on its connection.
    redis::Client* hasty = nullptr;
  };
  // How long an announcement stands: no message comes so long after its content.
  static constexpr absl::Duration kAnnounced = absl::Hours(1);

  // `stays`: how long content is kept when its message is finished.
  SecondStore(const Partition* partition, Clients clients, absl::Duration stays);

  // Writes the contents of messages that are about to be queued, and takes them out of these: when
  // OK, `announced` says that they are here. Of content in pieces it only looks whether it is here.
  // kHasty: for what has another way; fails at once after others have failed.
  enum class Pace { kPatient, kHasty };
  Co<absl::Status> Write(std::vector<StorableMessage*> messages, Pace pace);
  // A piece of content of a message that is to come.
  Co<absl::Status> WritePiece(std::string message_id, int piece, std::string frame);

  struct Name {
    std::string message_id;
    int64_t announced;
  };
  // NOT_FOUND: it has no such piece.
  Co<absl::StatusOr<std::string>> Read(Name name, int piece);
  // Of content in one piece, what can be had in haste; else empty.
  Co<std::vector<std::string>> ReadSoon(std::vector<Name> names);

  // Removes content whose messages are finished, or never came within `announced`. Returns whether
  // there is more. May run in any number of replicas.
  Co<absl::StatusOr<bool>> Sweep(absl::Duration announced = kAnnounced);

 private:
  std::string KeyOf(const Name& name) const;
  bool IsSlow() const { return std::chrono::steady_clock::now() < slow_until_; }
  Co<absl::StatusOr<std::vector<redis::Value>>> RunHasty(std::vector<redis::Command> commands);
  Co<absl::StatusOr<std::vector<Name>>> Announce(std::vector<std::string> message_ids);

  const Partition* const partition_;
  const Clients clients_;
  const absl::Duration stays_;
  // It did not answer in time: not asked in haste before this.
  std::chrono::steady_clock::time_point slow_until_;
};

}  // namespace staffetta::queue
