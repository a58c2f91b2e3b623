#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "common/base/beside.h"

namespace staffetta::delivery {

// Where content comes from that did not come along with its delivery. Confined to its thread.
class ContentSource {
 public:
  virtual ~ContentSource() = default;

  // Begins to fetch a piece; content in one piece is piece 0. Its result: DATA_LOSS: it is damaged,
  // or there is none; CANCELLED: this worker ends; any other error: not now. (It is logged.)
  virtual Beside<absl::StatusOr<std::string>> Fetch(std::string message_id, int piece) = 0;
};

}  // namespace staffetta::delivery
