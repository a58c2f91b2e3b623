#pragma once

// Changes to a header block that keep every other octet of the message, collected and then made
// in a single copy.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/header.h"

namespace staffetta::mime {

// "Name: value\r\n". CR, LF and NUL in the value become spaces unless they are part of a correct
// fold (CRLF and white space, then something more), so that a value cannot make a second field.
std::string FieldLine(std::string_view name, std::string_view value);

class Edits {
 public:
  // `block` must be free of faults; it and its content must outlive this.
  explicit Edits(const HeaderBlock& block) : block_(block) {}

  // Whole field lines, each ended by CRLF (see FieldLine). Of several calls the last ends on top.
  void Prepend(std::string_view field_lines);
  // Every field with this name, also `Name :`, with its folded lines.
  void Remove(std::string_view name);
  // Leaves exactly one: in place of the first, or on top when there is none.
  void Replace(std::string_view name, std::string_view value);

  // Octets of the content, in its header or behind it. Length 0: inserts in front of `offset`.
  void Cut(size_t offset, size_t length, std::string instead);

  bool empty() const { return top_.empty() && cuts_.empty(); }

  // `content` is what was parsed, or begins with its header: what was not cut is copied as it is. A
  // message without header gets an empty line between the new fields and its body. Where two edits
  // touch the same field, the one made first counts.
  std::string Apply(std::string_view content) const;

 private:
  struct Piece {
    size_t offset;
    size_t length;
    std::string instead;
  };

  const HeaderBlock& block_;
  std::string top_;
  std::vector<Piece> cuts_;
};

}  // namespace staffetta::mime
