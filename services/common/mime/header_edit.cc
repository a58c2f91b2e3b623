#include "common/mime/header_edit.h"

#include <algorithm>
#include <utility>

#include "common/smtp/ascii.h"

namespace staffetta::mime {
namespace {

// A fold at `at`: CRLF, white space, and on that line something that is neither white space nor
// the end. (A line of white space alone could be taken for the end of the header.)
bool IsFold(std::string_view value, size_t at) {
  if (value.substr(at, 2) != "\r\n" || at + 2 >= value.size()) return false;
  if (!smtp::IsBlank(value[at + 2])) return false;
  const size_t text = value.find_first_not_of(" \t", at + 2);
  return text != std::string_view::npos && value[text] != '\r' && value[text] != '\n';
}

}  // namespace

std::string FieldLine(std::string_view name, std::string_view value) {
  std::string line(name);
  line += ": ";
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\r' && IsFold(value, i)) {
      line += "\r\n";
      ++i;
    } else {
      line += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    }
  }
  line += "\r\n";
  return line;
}

void Edits::Prepend(std::string_view field_lines) { top_.insert(0, field_lines); }

void Edits::Remove(std::string_view name) {
  for (const Field& field : block_.fields()) {
    if (smtp::EqualsIgnoreCase(field.name, name)) cuts_.push_back({field.offset, field.length, ""});
  }
}

void Edits::Replace(std::string_view name, std::string_view value) {
  const size_t before = cuts_.size();
  Remove(name);
  std::string line = FieldLine(name, value);
  if (cuts_.size() == before) {
    Prepend(line);
  } else {
    cuts_[before].instead = std::move(line);
  }
}

void Edits::Cut(size_t offset, size_t length, std::string instead) {
  cuts_.push_back({offset, length, std::move(instead)});
}

std::string Edits::Apply(std::string_view content) const {
  std::vector<const Piece*> cuts;
  size_t more = top_.size() + 2;
  for (const Piece& cut : cuts_) {
    cuts.push_back(&cut);
    more += cut.instead.size();
  }
  std::stable_sort(cuts.begin(), cuts.end(), [](const Piece* a, const Piece* b) {
    // What is inserted comes before what is cut from there.
    return std::pair(a->offset, a->length != 0) < std::pair(b->offset, b->length != 0);
  });

  std::string out;
  out.reserve(content.size() + more);
  out += top_;
  const bool no_header = block_.complete() && block_.body_offset() == 0;
  if (no_header && !top_.empty()) out += "\r\n";
  size_t at = 0;
  for (const Piece* cut : cuts) {
    if (cut->offset < at) continue;  // an earlier edit has it
    out.append(content.substr(at, cut->offset - at));
    out += cut->instead;
    at = cut->offset + cut->length;
  }
  out.append(content.substr(at));
  return out;
}

}  // namespace staffetta::mime
