#include "common/redis/topology.h"

#include <algorithm>
#include <utility>

namespace staffetta::redis {
namespace {

// [address, port, id, …]; the address may be nil or empty, and is "?" for an unknown name.
NodeAddress ReadNode(const Value& node, const NodeAddress& asked) {
  if (node.array().size() < 2) return {};
  const std::string& host = node.array()[0].str();
  const int64_t port = node.array()[1].integer();
  if (port < 1 || port > 65535) return {};
  return {host.empty() || host == "?" ? asked.host : host, static_cast<uint16_t>(port)};
}

}  // namespace

absl::StatusOr<Topology> Topology::FromSlots(const Value& answer, const NodeAddress& asked) {
  Topology topology;
  for (const Value& range : answer.array()) {
    const std::vector<Value>& parts = range.array();
    if (parts.size() < 3) return absl::InternalError("unexpected reply of CLUSTER SLOTS");
    const int64_t first = parts[0].integer();
    const int64_t last = parts[1].integer();
    const NodeAddress master = ReadNode(parts[2], asked);
    if (first < 0 || last >= kSlots || master.host.empty()) {
      return absl::InternalError("unexpected reply of CLUSTER SLOTS");
    }
    for (int64_t slot = first; slot <= last; ++slot) {
      topology.SetOwner(static_cast<uint16_t>(slot), master);
    }
    for (size_t i = 3; i < parts.size(); ++i) {
      NodeAddress replica = ReadNode(parts[i], asked);
      if (!replica.host.empty()) topology.replicas_.insert(std::move(replica));
    }
  }
  if (topology.masters_.empty()) {
    return absl::UnavailableError("the cluster serves no slot");
  }
  return topology;
}

const NodeAddress* Topology::OwnerOf(uint16_t slot) const {
  const uint16_t index = owners_[slot];
  return index == kNobody ? nullptr : &masters_[index];
}

void Topology::SetOwner(uint16_t slot, const NodeAddress& owner) { owners_[slot] = IndexOf(owner); }

uint16_t Topology::IndexOf(const NodeAddress& master) {
  const auto found = std::find(masters_.begin(), masters_.end(), master);
  if (found != masters_.end()) return static_cast<uint16_t>(found - masters_.begin());
  masters_.push_back(master);
  return static_cast<uint16_t>(masters_.size() - 1);
}

}  // namespace staffetta::redis
