#include "common/mime/structure.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/mime/content_type.h"
#include "common/smtp/ascii.h"

namespace staffetta::mime {
namespace {

constexpr HeaderLimits kPartHeader = {.max_fields = 100, .max_bytes = 16 << 10};
// HeaderBlock looks no further: with so many octets its answer is known.
constexpr size_t kDecided = kPartHeader.max_bytes + 3;
constexpr std::string_view kMark = "\r\n--";
constexpr size_t kLineBegun = 2;  // of the mark

}  // namespace

StructureScanner::StructureScanner(const HeaderBlock& header, size_t max_depth)
    : max_depth_(max_depth) {
  BeginLine();
  if (header.fault() == HeaderBlock::Fault::kNone && !header.no_colon()) Enter(header);
}

void StructureScanner::Feed(std::string_view piece) {
  while (!piece.empty() && !done()) {
    switch (place_) {
      case Place::kBody:
        piece.remove_prefix(FeedBody(piece));
        break;
      case Place::kPartHeader:
        FeedPartHeader(piece.front());
        piece.remove_prefix(1);
        break;
      case Place::kCandidate:
        FeedCandidate(piece.front());
        piece.remove_prefix(1);
        break;
    }
  }
}

void StructureScanner::Finish() {
  if (done()) return;
  if (place_ == Place::kPartHeader) EndPartHeader();
  if (place_ == Place::kCandidate) {
    if (cr_) Keep('\r');
    EndCandidate();
  }
}

void StructureScanner::Match(char c) {
  if (c == kMark[matched_]) {
    ++matched_;
  } else {
    matched_ = c == kMark.front() ? 1 : 0;
  }
}

// How many octets it took: up to the next candidate, or all.
size_t StructureScanner::FeedBody(std::string_view piece) {
  size_t at = 0;
  while (at < piece.size()) {
    if (matched_ == 0) {
      // The fast way: the next CR that could begin the mark.
      at = piece.find(kMark.front(), at);
      if (at == std::string_view::npos) return piece.size();
    }
    Match(piece[at++]);
    if (matched_ == kMark.size()) {
      BeginCandidate();
      return at;
    }
  }
  return at;
}

void StructureScanner::FeedPartHeader(char c) {
  kept_ += c;
  // The mark ends it, as an empty line does.
  Match(c);
  if (matched_ == kMark.size()) {
    kept_.resize(kept_.size() - 2);
    EndPartHeader();
    if (!done()) {
      if (place_ == Place::kPartHeader) EndPartHeader();  // an attached message without header
      BeginCandidate();
    }
    return;
  }
  if (kept_.size() == kDecided) return EndPartHeader();
  if (c != '\n') return;
  const std::string_view line = std::string_view(kept_).substr(line_at_);
  line_at_ = kept_.size();
  if (line == "\n" || line == "\r\n") EndPartHeader();
}

void StructureScanner::FeedCandidate(char c) {
  if (cr_ && c == '\n') return EndCandidate();
  if (cr_) Keep('\r');
  cr_ = c == '\r';
  if (!cr_) Keep(c);
}

// Of a candidate: what follows a boundary is at most "--" and blanks.
void StructureScanner::Keep(char c) {
  if (kept_.size() < longest_ + 2) {
    kept_ += c;
  } else if (!smtp::IsBlank(c)) {
    other_ = true;
  }
}

void StructureScanner::BeginLine() {
  place_ = Place::kBody;
  matched_ = kLineBegun;
}

void StructureScanner::BeginPartHeader() {
  place_ = Place::kPartHeader;
  kept_.clear();
  line_at_ = 0;
  matched_ = kLineBegun;
}

// Behind its "--".
void StructureScanner::BeginCandidate() {
  place_ = Place::kCandidate;
  kept_ = "--";
  cr_ = other_ = false;
}

// Behind its CRLF.
void StructureScanner::EndCandidate() {
  const bool part = !other_ && Leave(kept_);
  if (part) {
    BeginPartHeader();
  } else {
    BeginLine();
  }
}

// Ends what the line ends, if it is a boundary; whether another part begins.
bool StructureScanner::Leave(std::string_view line) {
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

// kept_ is all up to the empty line, the next line that could be a boundary or the end, or enough
// to know that it is no header: then it is body.
void StructureScanner::EndPartHeader() {
  const std::string text = std::exchange(kept_, "");
  const HeaderBlock header = HeaderBlock::Parse(text, kPartHeader);
  place_ = Place::kBody;
  if (header.fault() != HeaderBlock::Fault::kNone || header.no_colon()) return;
  if (header.eight_bit()) found_.eight_bit_header = true;
  BeginLine();
  Enter(header);
}

// What follows is what lies behind the header.
void StructureScanner::Enter(const HeaderBlock& header) {
  const Field* const field = header.Find("Content-Type");
  const auto type = field == nullptr ? std::nullopt : ParseContentType(field->value);
  if (!type) return;
  if (type->type == "multipart") {
    const Parameter* const boundary = type->Find("boundary");
    if (boundary != nullptr && !boundary->value.empty()) Open("--" + boundary->value);
  } else if (type->type == "message" && (type->subtype == "rfc822" || type->subtype == "global")) {
    Open("");
    BeginPartHeader();
  }
}

// A boundary that is open already stays the outer one's.
void StructureScanner::Open(std::string boundary) {
  if (!boundaries_.try_emplace(boundary, levels_.size()).second) boundary.clear();
  longest_ = std::max(longest_, boundary.size());
  levels_.push_back(std::move(boundary));
  found_.depth = std::max(found_.depth, levels_.size());
}

Structure Measure(const HeaderBlock& header, std::string_view content, size_t max_depth) {
  StructureScanner scanner(header, max_depth);
  scanner.Feed(content.substr(std::min(header.body_offset(), content.size())));
  scanner.Finish();
  return scanner.found();
}

}  // namespace staffetta::mime
