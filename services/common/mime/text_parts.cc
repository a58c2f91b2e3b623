#include "common/mime/text_parts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/smtp/ascii.h"

namespace staffetta::mime {
namespace {

constexpr HeaderLimits kPartHeader = {.max_fields = 100, .max_bytes = 16 << 10};

bool IsAttachment(const HeaderBlock& header) {
  const Field* const field = header.Find("Content-Disposition");
  return field != nullptr &&
         smtp::StartsWithIgnoreCase(smtp::TrimLeft(Unfold(field->value)), "attachment");
}

// Parts whose octets are not ours to change, or whose parts are messages.
bool IsOpaque(const ContentType& multipart) {
  return multipart.subtype == "signed" || multipart.subtype == "encrypted" ||
         multipart.subtype == "digest";
}

class Walk {
 public:
  Walk(std::string_view content, PartLimits limits) : content_(content), limits_(limits) {}

  std::vector<TextPart> Run(const HeaderBlock& header) {
    Begin(header, 0);
    size_t at = header.body_offset();
    size_t parts = 0;
    while (!boundaries_.empty()) {
      const size_t line = NextCandidate(at);
      if (line == std::string_view::npos) break;
      at = std::min(content_.find("\r\n", line), content_.size());
      std::string_view text = content_.substr(line, at - line);
      const std::optional<size_t> depth = DepthOf(&text);
      if (!depth) continue;
      End(line - std::min<size_t>(line, 2));  // the line break before it is the boundary's
      boundaries_.resize(*depth);
      if (text.substr(0, 2) == "--") {
        boundaries_.pop_back();
        continue;
      }
      if (++parts > limits_.max_parts) return {};
      const size_t next = std::min(at + 2, content_.size());
      HeaderBlock part = HeaderBlock::Parse(content_.substr(next), kPartHeader);
      at = next;
      if (part.fault() != HeaderBlock::Fault::kNone || part.no_colon() || !part.complete())
        continue;
      at = next + part.body_offset();
      Begin(std::move(part), next);
    }
    End(content_.size());
    return std::move(found_);
  }

 private:
  // The first line at or behind `at`, which is where a line begins or ends, that begins with "--".
  size_t NextCandidate(size_t at) const {
    if (content_.substr(at, 2) == "--") return at;
    const size_t found = content_.find("\r\n--", at);
    return found == std::string_view::npos ? found : found + 2;
  }

  // Which boundary the line is, counted from 1, innermost first; what is behind it stays in `line`.
  std::optional<size_t> DepthOf(std::string_view* line) const {
    for (size_t depth = boundaries_.size(); depth > 0; --depth) {
      const std::string& boundary = boundaries_[depth - 1];
      if (line->substr(0, boundary.size()) != boundary) continue;
      std::string_view rest = line->substr(boundary.size());
      if (rest.substr(0, 2) == "--") rest.remove_prefix(2);
      if (!smtp::Trim(rest).empty()) continue;
      line->remove_prefix(boundary.size());
      return depth;
    }
    return std::nullopt;
  }

  void Begin(HeaderBlock header, size_t offset) {
    const std::optional<ContentType> type = TypeOf(header);
    if (!type) return;
    if (type->type == "multipart" && !IsOpaque(*type)) return Open(*type);
    if (type->type != "text" || IsAttachment(header)) return;
    const std::optional<TransferEncoding> encoding = EncodingOf(header);
    if (!encoding) return;
    const Parameter* const charset = type->Find("charset");
    const size_t begin = offset + header.body_offset();
    open_ = TextPart{.header = std::move(header),
                     .header_offset = offset,
                     .begin = begin,
                     .end = begin,
                     .html = type->subtype == "html",
                     .charset = charset == nullptr ? "" : smtp::ToLower(charset->value),
                     .encoding = *encoding};
  }

  void Open(const ContentType& type) {
    std::optional<std::string> delimiter = DelimiterOf(type);
    if (!delimiter || boundaries_.size() == limits_.max_depth) return;
    boundaries_.push_back(*std::move(delimiter));
  }

  void End(size_t at) {
    if (!open_) return;
    open_->end = std::max(at, open_->begin);
    found_.push_back(*std::exchange(open_, std::nullopt));
  }

  const std::string_view content_;
  const PartLimits limits_;
  std::vector<std::string> boundaries_;  // of the multiparts around, with their "--"
  std::optional<TextPart> open_;
  std::vector<TextPart> found_;
};

}  // namespace

std::vector<TextPart> FindTextParts(const HeaderBlock& header, std::string_view content,
                                    PartLimits limits) {
  if (header.fault() != HeaderBlock::Fault::kNone || header.no_colon()) return {};
  return Walk(content, limits).Run(header);
}

}  // namespace staffetta::mime
