#pragma once

// Which node of a cluster serves which slot.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/redis/slot.h"
#include "common/redis/value.h"

namespace staffetta::redis {

struct NodeAddress {
  std::string host;  // empty: nobody
  uint16_t port = 0;

  friend auto operator<=>(const NodeAddress&, const NodeAddress&) = default;
};

class Topology {
 public:
  // An answer to CLUSTER SLOTS; `asked`: who gave it, which is what a node means that does not know
  // its own address. INTERNAL when it is no such answer, UNAVAILABLE when it has no slots at all.
  static absl::StatusOr<Topology> FromSlots(const Value& answer, const NodeAddress& asked);

  Topology() = default;

  // nullptr: nobody that is known.
  const NodeAddress* OwnerOf(uint16_t slot) const;
  void SetOwner(uint16_t slot, const NodeAddress& owner);

  const std::vector<NodeAddress>& masters() const { return masters_; }
  const std::set<NodeAddress>& replicas() const { return replicas_; }

 private:
  static constexpr uint16_t kNobody = 0xffff;

  uint16_t IndexOf(const NodeAddress& master);

  std::vector<NodeAddress> masters_;
  std::set<NodeAddress> replicas_;
  std::vector<uint16_t> owners_ = std::vector<uint16_t>(kSlots, kNobody);
};

}  // namespace staffetta::redis
