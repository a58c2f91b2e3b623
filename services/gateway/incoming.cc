#include "gateway/incoming.h"

#include <algorithm>
#include <utility>

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
  const bool counted =
      way_ == Way::kStreamed || memory_.GrowTo(static_cast<int64_t>(content_.capacity()));
  if (!counted) no_memory_ = true;
  if (worthless()) Drop();
  return used;
}

void Incoming::Drop() {
  if (content_.capacity() == 0) return;
  std::string().swap(content_);
  memory_.Release();
}

void Incoming::Refuse(smtp::Reply reply) {
  refusal_ = std::move(reply);
  Drop();
}

std::optional<smtp::Reply> Incoming::Fault() const {
  if (decoder_.too_big()) return TooBigReply(max_size_);
  if (decoder_.bad_bytes()) return ReplyFor(ContentFault::kBadBytes, settings_);
  if (decoder_.line_too_long()) return ReplyFor(ContentFault::kLineTooLong, settings_);
  if (no_memory_) return ReplyFor(Said::kNoMemory);
  return refusal_;
}

bool Incoming::MakeRoomForCopy() {
  return memory_.GrowTo(2 * static_cast<int64_t>(content_.size()));
}

bool Incoming::WantsToStream() {
  if (way_ != Way::kOpen || content_.size() <= settings_.stream_from || worthless()) return false;
  // An empty line ends the header; without one it is too large, or no header.
  constexpr std::string_view kEnd = "\r\n\r\n";
  const bool ended = content_.starts_with("\r\n") ||
                     content_.find(kEnd, searched_) != std::string::npos ||
                     content_.size() > settings_.max_header + 2;
  searched_ = content_.size() - std::min(content_.size(), kEnd.size() - 1);
  return ended;
}

void Incoming::Stream(std::string head) {
  way_ = Way::kStreamed;
  content_ = std::move(head);
  memory_.Release();
}

std::string Incoming::TakePiece() {
  std::string rest;
  rest.reserve(kGathering);
  rest.assign(content_, kPiece, std::string::npos);
  content_.resize(kPiece);
  return std::exchange(content_, std::move(rest));
}

}  // namespace staffetta::gateway
