#pragma once

// What the header of a message or of a part says about its body (RFC 2045).

#include <optional>

#include "common/mime/content_type.h"
#include "common/mime/header.h"

namespace staffetta::mime {

inline constexpr char kTransferEncoding[] = "Content-Transfer-Encoding";

enum class TransferEncoding {
  kSevenBit,  // also when nothing is said
  kEightBit,  // also binary
  kQuotedPrintable,
  kBase64,
};

// Nothing when it is none of these, or said twice.
std::optional<TransferEncoding> EncodingOf(const HeaderBlock& header);

// text/plain when nothing is said; nothing when it is not understood, or said twice.
std::optional<ContentType> TypeOf(const HeaderBlock& header);

inline constexpr size_t kMaxBoundary = 200;  // RFC 2046 §5.1.1 says 70

// What the delimiter lines of a multipart begin with, "--" and its boundary; nothing when it has no
// usable one.
std::optional<std::string> DelimiterOf(const ContentType& multipart);

}  // namespace staffetta::mime
