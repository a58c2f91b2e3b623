#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace staffetta {

// A message id: 20 characters of time (ms, 45 bits) and chance (55 bits) in lower-case Crockford
// base 32, then two that name the partition: "06fbz3k0v1t9s2m8q4xw00". Sorts by time. Thread-safe.
std::string NewMessageId(int partition);

// The partition that an id names; nullopt: it is no message id.
std::optional<int> PartitionOfMessageId(std::string_view id);

// An unguessable token of 130 bits in the same alphabet: passwords, keys, lease ids, proofs.
std::string NewToken();

}  // namespace staffetta
