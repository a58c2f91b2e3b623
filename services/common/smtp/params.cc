#include "common/smtp/params.h"

#include <algorithm>
#include <charconv>

#include "common/smtp/ascii.h"
#include "common/smtp/utf8.h"

namespace staffetta::smtp {
namespace {

constexpr size_t kMaxEnvid = 100;        // RFC 3461 §4.4
constexpr size_t kMaxOrcpt = 500;        // RFC 3461 §4.2
constexpr size_t kMaxNumberDigits = 20;  // RFC 1870 §3
constexpr size_t kMaxTimeDigits = 9;     // RFC 2852 §4, RFC 4865 §4.1

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// Digits only, at most `max_digits`.
template <class Number>
Parsed<Number, SyntaxError> ReadNumber(std::string_view text, size_t max_digits) {
  if (!AllDigits(text)) return SyntaxError::kBadParameterValue;
  Number number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.size() > max_digits || ec != std::errc()) return SyntaxError::kNumberTooLarge;
  return number;
}

// One of a few words.
template <class Enum>
Parsed<Enum, SyntaxError> ReadWord(const ParamValue& value,
                                   std::initializer_list<std::pair<std::string_view, Enum>> words) {
  for (const auto& [word, meaning] : words) {
    if (value && EqualsIgnoreCase(*value, word)) return meaning;
  }
  return SyntaxError::kBadParameterValue;
}

// RFC 3461 §4: hexchar has upper case only.
int XtextDigit(char c) { return c >= 'a' ? -1 : HexDigit(c); }

void AppendUtf8(uint32_t character, std::string* out) {
  const auto octet = [out](uint32_t bits) { out->push_back(static_cast<char>(bits)); };
  if (character < 0x80) return octet(character);
  if (character < 0x800) {
    octet(0xC0 | character >> 6);
  } else {
    if (character < 0x10000) {
      octet(0xE0 | character >> 12);
    } else {
      octet(0xF0 | character >> 18);
      octet(0x80 | (character >> 12 & 0x3F));
    }
    octet(0x80 | (character >> 6 & 0x3F));
  }
  octet(0x80 | (character & 0x3F));
}

// "\x{E9}" (RFC 6533 §3): two to six digits. What they stand for is not judged.
Parsed<std::string, SyntaxError> DecodeEmbeddedUnicode(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t plain = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t close = text.find('}');
    if (text.substr(0, 3) != "\\x{" || close == std::string_view::npos) {
      return SyntaxError::kBadParameterValue;
    }
    const std::string_view digits = text.substr(3, close - 3);
    uint32_t character = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, ec] = std::from_chars(digits.data(), end, character, 16);
    if (digits.size() < 2 || digits.size() > 6 || stopped != end || character > 0x10FFFF) {
      return SyntaxError::kBadParameterValue;
    }
    AppendUtf8(character, &out);
    text.remove_prefix(close + 1);
  }
  if (HasControl(out)) return SyntaxError::kControlCharacter;
  if (!IsUtf8(out)) return SyntaxError::kBadUtf8;  // surrogates
  return out;
}

}  // namespace

Parsed<uint64_t, SyntaxError> ParseSizeParam(const ParamValue& value) {
  if (!value) return SyntaxError::kBadParameterValue;
  return ReadNumber<uint64_t>(*value, kMaxNumberDigits);
}

Parsed<Body, SyntaxError> ParseBodyParam(const ParamValue& value) {
  return ReadWord<Body>(
      value,
      {{"7BIT", Body::k7Bit}, {"8BITMIME", Body::k8BitMime}, {"BINARYMIME", Body::kBinaryMime}});
}

Parsed<int, SyntaxError> ParseMtPriorityParam(const ParamValue& value) {
  if (!value || value->empty()) return SyntaxError::kBadParameterValue;
  std::string_view text = *value;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  // RFC 6710 §4: one digit; "-0" and "09" are not in its grammar.
  if (text.size() != 1 || !AllDigits(text) || (negative && text == "0")) {
    return SyntaxError::kBadParameterValue;
  }
  const int number = text.front() - '0';
  return negative ? -number : number;
}

Parsed<Ret, SyntaxError> ParseRetParam(const ParamValue& value) {
  return ReadWord<Ret>(value, {{"FULL", Ret::kFull}, {"HDRS", Ret::kHeaders}});
}

Parsed<std::string, SyntaxError> ParseEnvidParam(const ParamValue& value) {
  if (!value || value->size() > kMaxEnvid) return SyntaxError::kBadParameterValue;
  auto envid = DecodeXtext(*value);
  if (envid && !IsAscii(*envid)) return SyntaxError::kBadParameterValue;
  return envid;
}

Parsed<Notify, SyntaxError> ParseNotifyParam(const ParamValue& value) {
  if (!value) return SyntaxError::kBadParameterValue;
  Notify notify;
  int words = 0;
  std::string_view rest = *value;
  for (bool more = true; more;) {
    const size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    ++words;
    if (EqualsIgnoreCase(word, "NEVER")) {
      notify.never = true;
    } else if (EqualsIgnoreCase(word, "SUCCESS")) {
      notify.success = true;
    } else if (EqualsIgnoreCase(word, "FAILURE")) {
      notify.failure = true;
    } else if (EqualsIgnoreCase(word, "DELAY")) {
      notify.delay = true;
    } else {
      return SyntaxError::kBadParameterValue;
    }
  }
  if (notify.never && words > 1) return SyntaxError::kBadParameterValue;
  return notify;
}

Parsed<Orcpt, SyntaxError> ParseOrcptParam(const ParamValue& value) {
  if (!value || value->size() > kMaxOrcpt) return SyntaxError::kBadParameterValue;
  const std::string_view text = *value;
  const size_t semicolon = text.find(';');
  if (semicolon == std::string_view::npos) return SyntaxError::kBadParameterValue;
  const std::string_view type = text.substr(0, semicolon);
  const bool atom = !type.empty() && std::all_of(type.begin(), type.end(),
                                                 [](char c) { return IsAlnum(c) || c == '-'; });
  if (!atom) return SyntaxError::kBadParameterValue;
  const bool utf8 = EqualsIgnoreCase(type, "utf-8");
  auto address = DecodeXtext(text.substr(semicolon + 1));
  if (address && utf8) address = DecodeEmbeddedUnicode(*address);
  if (!address) return address.error();
  if (address->empty()) return SyntaxError::kBadParameterValue;
  if (!utf8 && !IsAscii(*address)) return SyntaxError::kBadParameterValue;
  return Orcpt{ToLower(type), *std::move(address)};
}

Parsed<uint32_t, SyntaxError> ParseHoldForParam(const ParamValue& value) {
  if (!value) return SyntaxError::kBadParameterValue;
  const auto seconds = ReadNumber<uint32_t>(*value, kMaxTimeDigits);
  if (seconds && value->front() == '0') return SyntaxError::kBadParameterValue;
  return seconds;
}

Parsed<DeliverBy, SyntaxError> ParseByParam(const ParamValue& value) {
  if (!value || value->empty()) return SyntaxError::kBadParameterValue;
  std::string_view text = *value;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  const size_t semicolon = text.find(';');
  if (semicolon == std::string_view::npos) return SyntaxError::kBadParameterValue;
  const auto number = ReadNumber<int64_t>(text.substr(0, semicolon), kMaxTimeDigits);
  if (!number) return number.error();

  DeliverBy by{.seconds = negative ? -*number : *number};
  const std::string_view mode = text.substr(semicolon + 1);
  if (mode.empty() || mode.size() > 2) return SyntaxError::kBadParameterValue;
  const char kind = Upper(mode.front());
  if (kind != 'R' && kind != 'N') return SyntaxError::kBadParameterValue;
  by.return_late = kind == 'R';
  by.trace = mode.size() == 2;
  if (by.trace && Upper(mode.back()) != 'T') return SyntaxError::kBadParameterValue;
  if (by.return_late && by.seconds <= 0) return SyntaxError::kBadParameterValue;
  return by;
}

Parsed<bool, SyntaxError> ParseFlagParam(const ParamValue& value) {
  if (value) return SyntaxError::kBadParameterValue;
  return true;
}

Parsed<std::string, SyntaxError> DecodeXtext(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '=') return SyntaxError::kBadParameterValue;
    if (c != '+') {
      out.push_back(c);
      continue;
    }
    if (i + 2 >= text.size()) return SyntaxError::kBadParameterValue;
    const int high = XtextDigit(text[i + 1]);
    const int low = XtextDigit(text[i + 2]);
    if (high < 0 || low < 0) return SyntaxError::kBadParameterValue;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (HasControl(out)) return SyntaxError::kControlCharacter;
  if (!IsUtf8(out)) return SyntaxError::kBadUtf8;
  return out;
}

std::string EncodeXtext(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > 32 && octet < 127 && c != '+' && c != '=') {
      out.push_back(c);
    } else {
      out.push_back('+');
      out.push_back(kHex[octet >> 4]);
      out.push_back(kHex[octet & 15]);
    }
  }
  return out;
}

}  // namespace staffetta::smtp
