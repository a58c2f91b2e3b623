#include "delivery/typed_address.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "common/smtp/ascii.h"
#include "common/smtp/params.h"
#include "common/smtp/utf8.h"

namespace staffetta::delivery {
namespace {

constexpr char kUtf8Type[] = "utf-8";

bool IsType(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return smtp::IsAlnum(c) || c == '-'; });
}

// "\x{F6}": how long, 0 when it is something else.
size_t EmbeddedChar(std::string_view text) {
  if (!text.starts_with("\\x{")) return 0;
  size_t end = 3;
  while (end < text.size() && smtp::HexDigit(text[end]) >= 0) ++end;
  return end > 3 && end < text.size() && text[end] == '}' ? end + 1 : 0;
}

// The code point at the start of valid UTF-8, which is cut off.
uint32_t TakeCodePoint(std::string_view* text) {
  const auto first = static_cast<unsigned char>(text->front());
  const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  uint32_t point = size == 1 ? first : first & (0x7F >> size);
  for (char c : text->substr(1, size - 1)) point = point << 6 | (c & 0x3F);
  text->remove_prefix(size);
  return point;
}

// utf-8-addr-xtext of RFC 6533 §3: what is embedded already stays.
std::string Embed(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (const size_t size = EmbeddedChar(text)) {
      out.append(text.substr(0, size));
      text.remove_prefix(size);
      continue;
    }
    const uint32_t point = TakeCodePoint(&text);
    if (point > 32 && point < 127 && point != '+' && point != '=' && point != '\\') {
      out += static_cast<char>(point);
    } else {
      char embedded[16];
      std::snprintf(embedded, sizeof embedded, "\\x{%X}", static_cast<unsigned>(point));
      out += embedded;
    }
  }
  return out;
}

std::string Printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 32 || c == 127; }, '?');
  return out;
}

struct Typed {
  std::string type;  // empty: it is none
  std::string_view address;
};

Typed Split(std::string_view typed) {
  const size_t semicolon = typed.find(';');
  if (semicolon == std::string_view::npos || !IsType(typed.substr(0, semicolon))) return {};
  return {smtp::ToLower(typed.substr(0, semicolon)), typed.substr(semicolon + 1)};
}

bool IsUtf8Address(const Typed& typed) {
  return typed.type == kUtf8Type && smtp::IsUtf8(typed.address);
}

}  // namespace

std::string OrcptValue(std::string_view typed) {
  const Typed parts = Split(typed);
  if (parts.type.empty()) return "";
  return parts.type + ";" +
         (IsUtf8Address(parts) ? Embed(parts.address) : smtp::EncodeXtext(parts.address));
}

std::string InReport(std::string_view typed) {
  const Typed parts = Split(typed);
  return parts.type + "; " +
         (IsUtf8Address(parts) ? Embed(parts.address) : Printable(parts.address));
}

std::string RecipientInReport(std::string_view address) {
  const bool utf8 = !smtp::IsAscii(address) && smtp::IsUtf8(address);
  return utf8 ? std::string(kUtf8Type) + "; " + Embed(address) : "rfc822; " + Printable(address);
}

}  // namespace staffetta::delivery
