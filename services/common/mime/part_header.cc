#include "common/mime/part_header.h"

#include "common/smtp/ascii.h"

namespace staffetta::mime {

std::optional<TransferEncoding> EncodingOf(const HeaderBlock& header) {
  const Field* const field = header.Find(kTransferEncoding);
  if (field == nullptr) return TransferEncoding::kSevenBit;
  if (header.Count(kTransferEncoding) > 1) return std::nullopt;
  const std::string name = smtp::ToLower(Unfold(field->value));
  if (name == "7bit" || name.empty()) return TransferEncoding::kSevenBit;
  if (name == "8bit" || name == "binary") return TransferEncoding::kEightBit;
  if (name == "quoted-printable") return TransferEncoding::kQuotedPrintable;
  if (name == "base64") return TransferEncoding::kBase64;
  return std::nullopt;
}

std::optional<ContentType> TypeOf(const HeaderBlock& header) {
  const Field* const field = header.Find("Content-Type");
  if (field == nullptr) return ContentType{.type = "text", .subtype = "plain"};
  if (header.Count("Content-Type") > 1) return std::nullopt;
  return ParseContentType(field->value);
}

std::optional<std::string> DelimiterOf(const ContentType& multipart) {
  const Parameter* const boundary = multipart.Find("boundary");
  if (boundary == nullptr) return std::nullopt;
  const std::string& value = boundary->value;
  if (value.empty() || value.size() > kMaxBoundary || smtp::IsBlank(value.back())) {
    return std::nullopt;
  }
  return "--" + value;
}

}  // namespace staffetta::mime
