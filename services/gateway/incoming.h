#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/smtp/data_decoder.h"
#include "common/smtp/reply.h"
#include "gateway/content_stream.h"
#include "gateway/memory.h"
#include "gateway/settings.h"

namespace staffetta::gateway {

// A message's content as it comes in, by DATA or in the chunks of BDAT: decoded and counted against
// the memory of all sessions. What is refused already is read on, and not kept. Small content is
// kept whole; of what is large (SPEC Q8) a head is taken once, and then pieces.
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
  // The rest need not be kept: it is refused, for another reason than its octets.
  void Refuse(smtp::Reply reply);
  // Counts it twice, for the copy that is made when it is edited; false: there is no room for that.
  [[nodiscard]] bool MakeRoomForCopy();

  // It has become large and its header is here, or it can be none: it is time for one of the next
  // two.
  bool WantsToStream();
  void KeepWhole() { way_ = Way::kWhole; }
  // From now on it is taken in pieces, of which these are the first octets. They are counted by
  // whoever takes them.
  void Stream(std::string head);
  // A piece has gathered.
  bool HasPiece() const { return way_ == Way::kStreamed && content_.size() >= kPiece; }
  std::string TakePiece();

  // What is held. Valid until more is fed.
  std::string_view content() const { return content_; }
  // It stays counted as long as this lives.
  std::string TakeContent() { return std::move(content_); }

 private:
  enum class Way { kOpen, kWhole, kStreamed };

  bool worthless() const {
    return no_memory_ || refusal_ || decoder_.bad_bytes() || decoder_.too_big() ||
           decoder_.line_too_long();
  }
  void Drop();

  const Settings& settings_;
  const int64_t max_size_;
  smtp::DataDecoder decoder_;
  MemoryBudget::Reservation memory_;
  std::string content_;
  bool no_memory_ = false;
  std::optional<smtp::Reply> refusal_;
  Way way_ = Way::kOpen;
  size_t searched_ = 0;  // for the end of the header, which is not there
};

}  // namespace staffetta::gateway
