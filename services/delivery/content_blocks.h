#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/co.h"
#include "delivery/body.h"
#include "delivery/content_source.h"
#include "delivery/delivery.h"
#include "delivery/outcome.h"

namespace staffetta::delivery {

// What to decide by when a piece could not be had.
Fault FaultOf(const absl::Status& status);

// A delivery's content in the blocks in which it is written to a peer, in order: slices of what is
// here whole; else the pieces that the queue has, of which the next one is fetched while one is
// written (SPEC Q8): two are held, whatever the size. Confined to its source's thread.
class ContentBlocks {
 public:
  // All outlive it; `source` may be null when the content is here whole.
  ContentBlocks(const Delivery* delivery, const Body* body, ContentSource* source);

  struct Block {
    Fault fault = Fault::kNone;  // else there is no more
    std::string_view octets;     // valid until the next call
    bool last = false;
  };
  Co<Block> Next();

 private:
  Block NextSlice();

  const Delivery& delivery_;
  ContentSource* const source_;
  const bool whole_;
  std::string_view rest_;  // of what is here whole
  int next_ = 0;           // piece
  std::string piece_;
  int64_t size_ = 0;  // of the pieces so far
  std::optional<Beside<absl::StatusOr<std::string>>> ahead_;
};

}  // namespace staffetta::delivery
