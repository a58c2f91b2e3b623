#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace staffetta {

// A message id: 20 characters of time (ms, 45 bits) and chance (55 bits) in lower-case Crockford
// base 32, then two that name the partition: "06fbz3k0v1t9s2m8q4xw00". Sorts by time. Thread-safe.
std::string NewMessageId(int partition);

// Partitions that an id can name.
inline constexpr int kMostPartitions = 1024;

// The partition that all messages of an account are in, among so many.
inline int PartitionOfAccount(uint64_t account_id, int partitions) {
  return static_cast<int>(account_id % static_cast<uint64_t>(partitions));
}

// The partition that an id names; nullopt: it is no message id.
std::optional<int> PartitionOfMessageId(std::string_view id);

// An unguessable token of 130 bits in the same alphabet: passwords, keys, lease ids, proofs.
std::string NewToken();

}  // namespace staffetta
