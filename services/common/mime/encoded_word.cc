#include "common/mime/encoded_word.h"

#include <algorithm>
#include <optional>

#include "common/mime/charset.h"
#include "common/mime/header.h"
#include "common/smtp/ascii.h"
#include "common/smtp/base64.h"
#include "common/smtp/utf8.h"

namespace staffetta::mime {
namespace {

std::optional<std::string> DecodeQ(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out.push_back(' ');
    } else if (text[i] == '=') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = smtp::HexDigit(text[i + 1]);
      const int low = smtp::HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// An encoded word at the start of `text`.
struct Word {
  size_t length;
  std::string utf8;
};

std::optional<Word> ReadWord(std::string_view text) {
  constexpr size_t kMaxWord = 1000;  // RFC 2047 says 75; mail in the wild has more
  if (text.substr(0, 2) != "=?") return std::nullopt;
  text = text.substr(0, kMaxWord);
  const size_t encoding = text.find('?', 2);
  if (encoding == std::string_view::npos || encoding + 2 >= text.size()) return std::nullopt;
  if (text[encoding + 2] != '?') return std::nullopt;
  const size_t start = encoding + 3;
  const size_t end = text.find("?=", start);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view payload = text.substr(start, end - start);
  if (payload.find_first_of(" \t") != std::string_view::npos) return std::nullopt;
  std::string_view charset = text.substr(2, encoding - 2);
  charset = charset.substr(0, charset.find('*'));  // RFC 2231 §5: a language may follow

  std::optional<std::string> octets;
  const char kind = smtp::Lower(text[encoding + 1]);
  if (kind == 'b') octets = smtp::DecodeBase64Strict(payload);
  if (kind == 'q') octets = DecodeQ(payload);
  if (!octets) return std::nullopt;
  auto utf8 = ToUtf8(*octets, charset);
  if (!utf8) return std::nullopt;
  return Word{end + 2, *std::move(utf8)};
}

size_t SequenceLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return length <= text.size() && smtp::IsUtf8(text.substr(0, length)) ? length : 0;
}

// Valid UTF-8 without controls, at most `max` octets.
std::string Clean(std::string_view text, size_t max) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string out;
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    std::string_view piece = length == 0 ? kReplacement : text.substr(0, length);
    if (smtp::HasControl(piece)) piece = " ";
    if (out.size() + piece.size() > max) break;
    out.append(piece);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace

std::string DecodeWords(std::string_view raw_value) {
  const std::string unfolded = Unfold(raw_value);
  std::string_view text = unfolded;
  std::string out;
  bool after_word = false;
  while (!text.empty()) {
    const size_t blanks = std::min(text.find_first_not_of(" \t"), text.size());
    const std::string_view space = text.substr(0, blanks);
    const std::optional<Word> word = ReadWord(text.substr(blanks));
    if (word) {
      if (!after_word) out.append(space);  // RFC 2047 §6.2: dropped between encoded words
      out += word->utf8;
      text.remove_prefix(blanks + word->length);
      after_word = true;
      continue;
    }
    // As it is, up to the next blank or what may be the next encoded word.
    size_t end = blanks;
    if (end < text.size()) ++end;
    while (end < text.size() && !smtp::IsBlank(text[end]) && text.substr(end, 2) != "=?") ++end;
    out.append(text.substr(0, end));
    text.remove_prefix(end);
    after_word = false;
  }
  return out;
}

std::string DecodeHeaderText(std::string_view raw_value, size_t max) {
  // An encoded octet takes at most 12 in the input with its word around it; more is never needed.
  return Clean(DecodeWords(raw_value.substr(0, max * 16)), max);
}

std::string EncodeHeaderText(std::string_view utf8) {
  constexpr size_t kLongestPlain = 900;  // with the field's name below the 998 of RFC 5322 §2.1.1
  const bool looks_encoded = utf8.find("=?") != std::string_view::npos;
  if (smtp::IsAscii(utf8) && !looks_encoded && utf8.size() <= kLongestPlain) {
    return std::string(utf8);
  }
  constexpr size_t kWordOctets =
      42;  // 56 in base64, 68 as a word: the first line has room for "Subject:"
  std::string out;
  while (!utf8.empty()) {
    size_t length = 0;
    while (length < utf8.size()) {
      const size_t next = std::max<size_t>(SequenceLength(utf8.substr(length)), 1);
      if (length + next > kWordOctets) break;
      length += next;
    }
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + smtp::EncodeBase64(utf8.substr(0, length)) + "?=";
    utf8.remove_prefix(length);
  }
  return out;
}

}  // namespace staffetta::mime
