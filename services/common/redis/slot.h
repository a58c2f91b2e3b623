#pragma once

// Hash slots of Redis Cluster.

#include <cstdint>
#include <string_view>

namespace staffetta::redis {

inline constexpr uint16_t kSlots = 16384;

// What of a key is hashed: what stands between its first '{' and the first '}' behind that, when
// it is not empty; else all of it.
std::string_view HashTag(std::string_view key);

uint16_t SlotOf(std::string_view key);

}  // namespace staffetta::redis
