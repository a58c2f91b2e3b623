#include "common/mime/header.h"

#include <algorithm>

#include "common/smtp/ascii.h"
#include "common/smtp/utf8.h"

namespace staffetta::mime {
namespace {

// ftext of RFC 5322 §3.6.8.
bool IsFieldName(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127; });
}

}  // namespace

// A line that is not a continuation: [offset, end) without, [offset, next) with its line ending.
void HeaderBlock::AddLine(std::string_view content, size_t offset, size_t end, size_t next) {
  const std::string_view line = content.substr(offset, end - offset);
  Field field{.value = line, .offset = offset, .length = next - offset};
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string_view name = line.substr(0, colon);
    while (!name.empty() && smtp::IsBlank(name.back())) name.remove_suffix(1);
    if (IsFieldName(name)) {
      field.name = name;
      field.value = line.substr(colon + 1);
      field.space_before_colon = name.size() != colon;
    }
  }
  if (field.name.empty()) no_colon_ = true;
  if (field.space_before_colon) space_before_colon_ = true;
  fields_.push_back(field);
}

HeaderBlock HeaderBlock::Parse(std::string_view content, HeaderLimits limits) {
  HeaderBlock block;
  size_t at = 0;
  while (at < content.size()) {
    // Never looks further than the limit and an empty line.
    const std::string_view window = content.substr(at, limits.max_bytes + 2 - at);
    const size_t lf = window.find('\n');
    const bool ended = lf != std::string_view::npos;
    const size_t next = ended ? at + lf + 1 : content.size();
    const bool crlf = ended && lf > 0 && window[lf - 1] == '\r';
    const size_t end = ended ? next - (crlf ? 2 : 1) : next;
    if (ended && end == at) {  // the empty line
      if (!crlf) block.bad_bytes_ = true;
      block.header_end_ = at;
      block.body_offset_ = next;
      block.complete_ = true;
      return block;
    }
    if (next > limits.max_bytes) {
      block.fault_ = Fault::kTooLarge;
      return block;
    }
    const std::string_view line = content.substr(at, end - at);
    if (ended && !crlf) block.bad_bytes_ = true;
    if (line.find('\0') != std::string_view::npos || line.find('\r') != std::string_view::npos) {
      block.bad_bytes_ = true;
    }
    if (!smtp::IsAscii(line)) block.eight_bit_ = true;

    if (smtp::IsBlank(line.front()) && !block.fields_.empty()) {
      Field& field = block.fields_.back();
      field.length = next - field.offset;
      const char* const value = field.value.data();
      field.value = {value, static_cast<size_t>(content.data() + end - value)};
    } else {
      if (block.fields_.size() == limits.max_fields) {
        block.fault_ = Fault::kTooManyFields;
        return block;
      }
      block.AddLine(content, at, end, next);
      const bool no_header = block.fields_.size() == 1 && block.fields_.front().name.empty();
      if (no_header && ended) {
        HeaderBlock none;
        none.complete_ = true;
        none.no_colon_ = true;
        return none;
      }
    }
    at = next;
  }
  block.header_end_ = content.size();
  block.body_offset_ = content.size();
  return block;
}

const Field* HeaderBlock::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (smtp::EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

size_t HeaderBlock::Count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(
      fields_.begin(), fields_.end(),
      [name](const Field& field) { return smtp::EqualsIgnoreCase(field.name, name); }));
}

std::string Unfold(std::string_view raw_value) {
  std::string text;
  text.reserve(raw_value.size());
  for (char c : raw_value) {
    if (c != '\r' && c != '\n') text.push_back(c);
  }
  return std::string(smtp::Trim(text));
}

}  // namespace staffetta::mime
