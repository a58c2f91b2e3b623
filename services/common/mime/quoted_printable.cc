#include "common/mime/quoted_printable.h"

#include <algorithm>

#include "common/smtp/ascii.h"

namespace staffetta::mime {
namespace {

constexpr size_t kMaxLine = 76;
constexpr char kHex[] = "0123456789ABCDEF";

bool IsLineEnd(std::string_view text, size_t at) { return text.substr(at, 2) == "\r\n"; }

// A soft line break, or blanks before a line break, which are not part of the text: how long,
// 0 when it is something else.
size_t Invisible(std::string_view text, size_t at) {
  const bool soft = text[at] == '=';
  const size_t end = std::min(text.find_first_not_of(" \t", soft ? at + 1 : at), text.size());
  const bool at_end = end == text.size() || IsLineEnd(text, end);
  if (!at_end) return 0;
  return (soft ? std::min(end + 2, text.size()) : end) - at;
}

}  // namespace

std::string DecodeQuotedPrintable(std::string_view encoded) {
  std::string out;
  out.reserve(encoded.size());
  size_t at = 0;
  while (at < encoded.size()) {
    const char c = encoded[at];
    if (c != '=' && !smtp::IsBlank(c)) {
      out += c;
      ++at;
      continue;
    }
    if (const size_t skipped = Invisible(encoded, at)) {
      at += skipped;
      continue;
    }
    const int high = c == '=' && at + 2 < encoded.size() ? smtp::HexDigit(encoded[at + 1]) : -1;
    const int low = high >= 0 ? smtp::HexDigit(encoded[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      at += 3;
      continue;
    }
    // All blanks at once, so that a long row of them is looked at only once.
    size_t end = at + 1;
    while (c != '=' && end < encoded.size() && smtp::IsBlank(encoded[end])) ++end;
    out.append(encoded.substr(at, end - at));
    at = end;
  }
  return out;
}

std::string EncodeQuotedPrintable(std::string_view text) {
  std::string out;
  size_t column = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (IsLineEnd(text, at)) {
      out += "\r\n";
      column = 0;
      ++at;
      continue;
    }
    const char c = text[at];
    const bool last = at + 1 == text.size() || IsLineEnd(text, at + 1);
    const bool plain = smtp::IsBlank(c) ? !last : c > 32 && c < 127 && c != '=';
    const size_t width = plain ? 1 : 3;
    // The last of a line may stand where others need the "=" of a soft break behind them.
    if (column + width > (last ? kMaxLine : kMaxLine - 1)) {
      out += "=\r\n";
      column = 0;
    }
    if (plain) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'=', kHex[octet >> 4], kHex[octet & 15]};
    }
    column += width;
  }
  return out;
}

}  // namespace staffetta::mime
