#include "common/mime/charset.h"

#include <iconv.h>

#include <cerrno>
#include <charconv>

#include "common/base/check.h"
#include "common/smtp/ascii.h"
#include "common/smtp/utf8.h"

namespace staffetta::mime {
namespace {

// A conversion by iconv. Only charsets of a few families reach it: others have had holes.
class Conversion {
 public:
  Conversion(std::string_view to, std::string_view from)
      : handle_(iconv_open(std::string(to).c_str(), std::string(from).c_str())) {}
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;
  ~Conversion() {
    if (ok()) iconv_close(handle_);
  }

  bool ok() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  // Converts up to the first octets that cannot be, and takes what it has converted off `input`.
  void Run(std::string_view* input, std::string* out) {
    while (!input->empty()) {
      char buffer[4096];
      char* to = buffer;
      size_t room = sizeof buffer;
      char* from = const_cast<char*>(input->data());  // iconv does not write there
      size_t left = input->size();
      const size_t result = iconv(handle_, &from, &left, &to, &room);
      const bool full = result == static_cast<size_t>(-1) && errno == E2BIG;
      out->append(buffer, static_cast<size_t>(to - buffer));
      input->remove_prefix(input->size() - left);
      if (!full) return;
    }
  }

 private:
  const iconv_t handle_;
};

bool IsUtf8Name(std::string_view charset) { return smtp::EqualsIgnoreCase(charset, "utf-8"); }
bool IsAsciiName(std::string_view charset) { return smtp::EqualsIgnoreCase(charset, "us-ascii"); }

// The first character of valid UTF-8, taken off.
uint32_t TakeCharacter(std::string_view* utf8) {
  const auto lead = static_cast<unsigned char>(utf8->front());
  const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t character = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    character = character << 6 | (static_cast<unsigned char>((*utf8)[i]) & 0x3FU);
  }
  utf8->remove_prefix(length);
  return character;
}

}  // namespace

bool IsKnownCharset(std::string_view charset) {
  if (IsUtf8Name(charset) || IsAsciiName(charset)) return true;
  for (const std::string_view family : {"iso-8859-", "windows-125"}) {
    if (!smtp::StartsWithIgnoreCase(charset, family)) continue;
    const std::string_view number = charset.substr(family.size());
    int value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) return false;
    if (family.front() == 'w') return number.size() == 1 && value <= 8;
    return number.front() != '0' && value >= 1 && value <= 16 && value != 12;
  }
  return false;
}

std::optional<std::string> ToUtf8(std::string_view octets, std::string_view charset) {
  if (!IsKnownCharset(charset)) return std::nullopt;
  if (IsUtf8Name(charset)) return std::string(octets);
  if (smtp::IsAscii(octets)) return std::string(octets);
  if (IsAsciiName(charset)) return std::nullopt;
  Conversion conversion("UTF-8", charset);
  if (!conversion.ok()) return std::nullopt;
  std::string out;
  conversion.Run(&octets, &out);
  if (!octets.empty()) return std::nullopt;
  return out;
}

std::string FromUtf8(std::string_view utf8, std::string_view charset, Instead instead) {
  CHECK(IsKnownCharset(charset));
  if (IsUtf8Name(charset) || smtp::IsAscii(utf8)) return std::string(utf8);
  Conversion conversion(charset, "UTF-8");
  std::string out;
  while (!utf8.empty()) {
    if (conversion.ok()) conversion.Run(&utf8, &out);
    if (utf8.empty()) break;
    const uint32_t character = TakeCharacter(&utf8);
    if (character < 0x80) {
      out += static_cast<char>(character);
    } else if (instead == Instead::kHtmlReference) {
      out += "&#" + std::to_string(character) + ";";
    } else {
      out += '?';
    }
  }
  return out;
}

}  // namespace staffetta::mime
