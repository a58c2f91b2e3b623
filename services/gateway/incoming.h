#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/smtp/data_decoder.h"
#include "common/smtp/reply.h"
#include "gateway/memory.h"
#include "gateway/settings.h"

namespace staffetta::gateway {

// A message's content as it comes in, by DATA or in the chunks of BDAT: decoded and counted against
// the memory of all sessions. What is refused already is read on, and not kept.
class Incoming {
 public:
  // At most `max_size` octets; `expected` will come, it is said. Both outlive it.
  Incoming(smtp::DataDecoder::Framing framing, bool binary, int64_t max_size, uint64_t expected,
           const Settings* settings, MemoryBudget* memory);

  // How many octets of `input` belong to it; all of it as long as it is not done().
  size_t Feed(std::string_view input);
  // The last chunk has come.
  void Finish() { decoder_.Finish(); }
  bool done() const { return decoder_.done(); }

  // Why it is refused, by what has come so far.
  std::optional<smtp::Reply> Fault() const;
  // Counts it twice, for the copy that is made when it is edited; false: there is no room for that.
  [[nodiscard]] bool MakeRoomForCopy();
  // It stays counted as long as this lives.
  std::string TakeContent() { return std::move(content_); }

 private:
  bool worthless() const { return no_memory_ || decoder_.bad_bytes() || decoder_.too_big(); }

  const Settings& settings_;
  const int64_t max_size_;
  smtp::DataDecoder decoder_;
  MemoryBudget::Reservation memory_;
  std::string content_;
  bool no_memory_ = false;
};

}  // namespace staffetta::gateway
