#include "gateway/incoming.h"

#include <algorithm>

#include "gateway/verdicts.h"

namespace staffetta::gateway {
namespace {

// What a client announces is believed up to here.
constexpr uint64_t kMostReserved = 64 << 10;

}  // namespace

Incoming::Incoming(smtp::DataDecoder::Framing framing, bool binary, int64_t max_size,
                   uint64_t expected, const Settings* settings, MemoryBudget* memory)
    : settings_(*settings),
      max_size_(max_size),
      decoder_({.framing = framing,
                .strict = settings->strict_newlines,
                .binary = binary,
                .max_line = settings->max_line,
                .max_size = static_cast<uint64_t>(max_size)}),
      memory_(memory) {
  content_.reserve(std::min(expected, kMostReserved));
}

size_t Incoming::Feed(std::string_view input) {
  std::string dropped;
  const size_t used = decoder_.Feed(input, worthless() ? &dropped : &content_);
  if (!memory_.GrowTo(static_cast<int64_t>(content_.capacity()))) no_memory_ = true;
  if (worthless() && content_.capacity() > 0) {
    std::string().swap(content_);
    memory_.Release();
  }
  return used;
}

std::optional<smtp::Reply> Incoming::Fault() const {
  if (decoder_.too_big()) return TooBigReply(max_size_);
  if (decoder_.bad_bytes()) return ReplyFor(ContentFault::kBadBytes, settings_);
  if (decoder_.line_too_long()) return ReplyFor(ContentFault::kLineTooLong, settings_);
  if (no_memory_) return ReplyFor(Said::kNoMemory);
  return std::nullopt;
}

bool Incoming::MakeRoomForCopy() {
  return memory_.GrowTo(2 * static_cast<int64_t>(content_.size()));
}

}  // namespace staffetta::gateway
