#include "common/redis/slot.h"

#include <array>

namespace staffetta::redis {
namespace {

// CRC-16/XMODEM, as the Redis Cluster specification has it.
constexpr std::array<uint16_t, 256> MakeTable() {
  std::array<uint16_t, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
    table[byte] = static_cast<uint16_t>(crc);
  }
  return table;
}

constexpr std::array<uint16_t, 256> kTable = MakeTable();

}  // namespace

std::string_view HashTag(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

uint16_t SlotOf(std::string_view key) {
  uint16_t crc = 0;
  for (const char c : HashTag(key)) {
    const auto byte = static_cast<unsigned char>(c);
    crc = static_cast<uint16_t>(crc << 8 ^ kTable[(crc >> 8 ^ byte) & 0xff]);
  }
  return crc % kSlots;
}

}  // namespace staffetta::redis
