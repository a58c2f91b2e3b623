#pragma once

// The parts of a message that are text for its reader (RFC 2046), found in one pass without
// copying.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/header.h"
#include "common/mime/part_header.h"

namespace staffetta::mime {

// Offsets are those of the content.
struct TextPart {
  HeaderBlock header;        // of the part; its offsets count from header_offset
  size_t header_offset = 0;  // 0: the message is the part
  size_t begin = 0;          // of the encoded text
  size_t end = 0;
  bool html = false;
  std::string charset;  // lower case; empty: none is said
  TransferEncoding encoding = TransferEncoding::kSevenBit;
};

struct PartLimits {
  size_t max_depth = 16;
  size_t max_parts = 1000;
};

// In their order. Left out as opaque: attachments, attached messages, signed and encrypted parts,
// what is nested too deep, parts whose header is not understood or whose encoding is unknown; all
// of a message with too many parts. Views into content, whose header is `header`. Linear in its
// size.
std::vector<TextPart> FindTextParts(const HeaderBlock& header, std::string_view content,
                                    PartLimits limits = {});

}  // namespace staffetta::mime
