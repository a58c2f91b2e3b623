#include "common/mime/structure.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "common/mime/content_type.h"
#include "common/smtp/ascii.h"

namespace staffetta::mime {
namespace {

constexpr HeaderLimits kPartHeader = {.max_fields = 100, .max_bytes = 16 << 10};

class Walk {
 public:
  Walk(std::string_view content, size_t max_depth) : content_(content), max_depth_(max_depth) {}

  Structure Run(const HeaderBlock& header) {
    at_ = header.body_offset();
    Enter(header);
    while (!levels_.empty() && found_.depth <= max_depth_) {
      const size_t line = NextCandidate();
      if (line == std::string_view::npos) break;
      at_ = std::min(content_.find("\r\n", line), content_.size());
      if (!Leave(content_.substr(line, at_ - line))) continue;
      at_ = std::min(at_ + 2, content_.size());
      EnterNext();
    }
    return found_;
  }

 private:
  // The first line at or behind at_, which is where a line begins or ends, that begins with "--".
  size_t NextCandidate() const {
    if (content_.substr(at_, 2) == "--") return at_;
    const size_t found = content_.find("\r\n--", at_);
    return found == std::string_view::npos ? found : found + 2;
  }

  // Ends what the line ends, if it is a boundary; whether another part begins.
  bool Leave(std::string_view line) {
    while (!line.empty() && smtp::IsBlank(line.back())) line.remove_suffix(1);
    auto open = boundaries_.find(line);
    const bool last = open == boundaries_.end() && line.substr(line.size() - 2) == "--";
    if (last) open = boundaries_.find(line.substr(0, line.size() - 2));
    if (open == boundaries_.end()) return false;
    const size_t stay = last ? open->second : open->second + 1;
    while (levels_.size() > stay) {
      boundaries_.erase(levels_.back());
      levels_.pop_back();
    }
    return !last;
  }

  // The header that begins at at_ and ends before the next line that could be a boundary: each
  // octet is read once, whatever the boundaries do.
  void EnterNext() {
    const size_t end = std::min(NextCandidate(), content_.size());
    const HeaderBlock header = HeaderBlock::Parse(content_.substr(at_, end - at_), kPartHeader);
    if (header.fault() != HeaderBlock::Fault::kNone || header.no_colon()) return;
    if (header.eight_bit()) found_.eight_bit_header = true;
    at_ += header.body_offset();
    Enter(header);
  }

  // at_ is behind the header.
  void Enter(const HeaderBlock& header) {
    const Field* const field = header.Find("Content-Type");
    const auto type = field == nullptr ? std::nullopt : ParseContentType(field->value);
    if (!type) return;
    if (type->type == "multipart") {
      const Parameter* const boundary = type->Find("boundary");
      if (boundary != nullptr && !boundary->value.empty()) Open("--" + boundary->value);
    } else if (type->type == "message" &&
               (type->subtype == "rfc822" || type->subtype == "global")) {
      Open("");
      if (found_.depth <= max_depth_) EnterNext();
    }
  }

  // A boundary that is open already stays the outer one's.
  void Open(std::string boundary) {
    if (!boundaries_.try_emplace(boundary, levels_.size()).second) boundary.clear();
    levels_.push_back(std::move(boundary));
    found_.depth = std::max(found_.depth, levels_.size());
  }

  const std::string_view content_;
  const size_t max_depth_;
  size_t at_ = 0;
  std::vector<std::string> levels_;  // their boundaries, with "--"; empty: has none of its own
  std::map<std::string, size_t, std::less<>> boundaries_;  // to the level
  Structure found_;
};

}  // namespace

Structure Measure(const HeaderBlock& header, std::string_view content, size_t max_depth) {
  if (header.fault() != HeaderBlock::Fault::kNone || header.no_colon()) return {};
  return Walk(content, max_depth).Run(header);
}

}  // namespace staffetta::mime
