#include "common/mime/encoded_word.h"

#include <algorithm>
#include <optional>

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

std::string Latin1ToUtf8(std::string_view text) {
  std::string out;
  for (char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xC0 | (octet >> 6)));
      out.push_back(static_cast<char>(0x80 | (octet & 0x3F)));
    }
  }
  return out;
}

enum class Charset { kUtf8, kLatin1, kAscii };

std::optional<Charset> FindCharset(std::string_view name) {
  name = name.substr(0, name.find('*'));  // RFC 2231 §5: a language may follow
  if (smtp::EqualsIgnoreCase(name, "utf-8")) return Charset::kUtf8;
  if (smtp::EqualsIgnoreCase(name, "iso-8859-1")) return Charset::kLatin1;
  if (smtp::EqualsIgnoreCase(name, "us-ascii")) return Charset::kAscii;
  return std::nullopt;
}

// An encoded word at the start of `text`.
struct Word {
  size_t length;
  Charset charset;
  std::string octets;  // decoded, still in its charset
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
  const std::optional<Charset> charset = FindCharset(text.substr(2, encoding - 2));
  if (!charset) return std::nullopt;

  std::optional<std::string> octets;
  const char kind = smtp::Lower(text[encoding + 1]);
  if (kind == 'b') octets = smtp::DecodeBase64Strict(payload);
  if (kind == 'q') octets = DecodeQ(payload);
  if (!octets) return std::nullopt;
  if (*charset == Charset::kAscii && !smtp::IsAscii(*octets)) return std::nullopt;
  return Word{end + 2, *charset, *std::move(octets)};
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

std::string DecodeHeaderText(std::string_view raw_value, size_t max) {
  // An encoded octet takes at most 12 in the input with its word around it; more is never needed.
  const std::string unfolded = Unfold(raw_value.substr(0, max * 16));
  std::string_view text = unfolded;
  std::string out;
  bool after_word = false;
  while (!text.empty() && out.size() <= 2 * max) {
    const size_t blanks = std::min(text.find_first_not_of(" \t"), text.size());
    const std::string_view space = text.substr(0, blanks);
    const std::optional<Word> word = ReadWord(text.substr(blanks));
    if (word) {
      if (!after_word) out.append(space);  // RFC 2047 §6.2: dropped between encoded words
      out += word->charset == Charset::kLatin1 ? Latin1ToUtf8(word->octets) : word->octets;
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
  return Clean(out, max);
}

}  // namespace staffetta::mime
