#include "common/base/ids.h"

#include <absl/time/clock.h>
#include <openssl/rand.h>

#include <array>

#include "common/base/check.h"

namespace staffetta {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kTimeCharacters = 9;     // 45 bits of milliseconds: until the year 3084
constexpr int kChanceCharacters = 11;  // 55 bits
constexpr size_t kIdLength = kTimeCharacters + kChanceCharacters + 2;
constexpr int kTokenCharacters = 26;

// Random bytes are drawn from the generator in blocks: one call each would cost more than the rest.
uint8_t RandomByte() {
  struct Pool {
    std::array<unsigned char, 512> bytes;
    size_t used = 512;
  };
  thread_local Pool pool;
  if (pool.used == pool.bytes.size()) {
    CHECK(RAND_bytes(pool.bytes.data(), pool.bytes.size()) == 1);
    pool.used = 0;
  }
  return pool.bytes[pool.used++];
}

void AppendRandom(int characters, std::string* out) {
  for (int i = 0; i < characters; ++i) out->push_back(kAlphabet[RandomByte() & 31]);
}

}  // namespace

std::string NewMessageId(int partition) {
  std::string id;
  id.reserve(kIdLength);
  const uint64_t ms = absl::ToUnixMillis(absl::Now());
  for (int i = kTimeCharacters - 1; i >= 0; --i) id.push_back(kAlphabet[(ms >> (5 * i)) & 31]);
  AppendRandom(kChanceCharacters, &id);
  id.push_back(kAlphabet[(partition >> 5) & 31]);
  id.push_back(kAlphabet[partition & 31]);
  return id;
}

std::optional<int> PartitionOfMessageId(std::string_view id) {
  if (id.size() != kIdLength) return std::nullopt;
  for (const char c : id) {
    if (kAlphabet.find(c) == std::string_view::npos) return std::nullopt;
  }
  return static_cast<int>(kAlphabet.find(id[kIdLength - 2]) * 32 + kAlphabet.find(id.back()));
}

std::string NewToken() {
  std::string token;
  token.reserve(kTokenCharacters);
  AppendRandom(kTokenCharacters, &token);
  return token;
}

}  // namespace staffetta
