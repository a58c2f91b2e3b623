#pragma once

#include <cstddef>
#include <string_view>

#include "common/mime/header.h"

namespace staffetta::mime {

// How a message is put together.
struct Structure {
  size_t depth = 0;               // of multiparts and attached messages in each other; 0: neither
  bool eight_bit_header = false;  // of a part or an attached message
};

// Looks no deeper than one more than `max_depth`. Parts whose header is not understood have nothing
// in them. Linear in the content's size.
Structure Measure(const HeaderBlock& header, std::string_view content, size_t max_depth);

}  // namespace staffetta::mime
