#pragma once

// The header block of a message (RFC 5322 §2.2), read without copying. Linear in its size.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace staffetta::mime {

struct Field {
  std::string_view name;   // as written; empty for a line that is not a field
  std::string_view value;  // raw: all after the colon, folds included, without the final CRLF
  size_t offset = 0;       // in the content
  size_t length = 0;       // with the final CRLF
  bool space_before_colon = false;  // "From :": obsolete syntax, used for disguise
};

struct HeaderLimits {
  size_t max_fields = 1000;
  size_t max_bytes = 256 * 1024;
};

// Views into the content that was parsed, which has to outlive it and stay where it is.
class HeaderBlock {
 public:
  enum class Fault { kNone, kTooManyFields, kTooLarge };

  // `content` may be the beginning of a message, as long as complete() says that the block is
  // whole. Without an empty line all of it is header; when the first line is not a field, the
  // message has no header and the body begins at 0 (a line without its end is not judged yet).
  // Other lines that are neither field nor continuation are kept as a Field without a name, and
  // no_colon() tells.
  static HeaderBlock Parse(std::string_view content, HeaderLimits limits = {});

  const std::vector<Field>& fields() const { return fields_; }

  // First field with this name, without regard to case; null if there is none.
  const Field* Find(std::string_view name) const;
  size_t Count(std::string_view name) const;

  Fault fault() const { return fault_; }  // parsing stopped there; offsets mean nothing then
  // The end of the header was seen: its empty line, or that there is no header.
  bool complete() const { return complete_; }
  // Just behind the last field; the empty line, if there is one, lies between the two offsets.
  size_t header_end() const { return header_end_; }
  size_t body_offset() const { return body_offset_; }

  bool no_colon() const { return no_colon_; }
  bool space_before_colon() const { return space_before_colon_; }
  bool eight_bit() const { return eight_bit_; }
  // NUL, bare CR or bare LF. (A bare LF is taken for a line ending.)
  bool bad_bytes() const { return bad_bytes_; }

 private:
  void AddLine(std::string_view content, size_t offset, size_t end, size_t next);

  std::vector<Field> fields_;
  Fault fault_ = Fault::kNone;
  size_t header_end_ = 0;
  size_t body_offset_ = 0;
  bool complete_ = false;
  bool no_colon_ = false;
  bool space_before_colon_ = false;
  bool eight_bit_ = false;
  bool bad_bytes_ = false;
};

// The value in one line: line breaks removed, surrounding white space trimmed (RFC 5322 §2.2.3).
std::string Unfold(std::string_view raw_value);

}  // namespace staffetta::mime
