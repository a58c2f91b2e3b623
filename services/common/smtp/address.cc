#include "common/smtp/address.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/smtp/ascii.h"
#include "common/smtp/utf8.h"

namespace staffetta::smtp {
namespace {

bool Is8Bit(char c) { return (c & 0x80) != 0; }

// atext of RFC 5322 §3.2.3, with UTF-8 (RFC 6531 §3.3); whether UTF-8 is allowed is seen before.
bool IsAtext(char c) {
  return Is8Bit(c) || IsAlnum(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool IsDotString(std::string_view text) {
  bool atom = false;
  for (char c : text) {
    if (c == '.') {
      if (!atom) return false;
      atom = false;
    } else {
      if (!IsAtext(c)) return false;
      atom = true;
    }
  }
  return atom;
}

// Where the local part ends, whatever its contents: at the closing quote, else at the first '@'.
// npos for a quoted string that does not end.
size_t LocalPartEnd(std::string_view text) {
  if (text.empty() || text.front() != '"') return std::min(text.find('@'), text.size());
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::optional<std::string> ReadLocalPart(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.front() != '"') {
    if (!IsDotString(text)) return std::nullopt;
    return std::string(text);
  }
  std::string local;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      if (Is8Bit(text[i])) return std::nullopt;  // quoted-pairSMTP is ASCII only
    }
    local.push_back(text[i]);
  }
  return local;
}

bool IsIpv4(std::string_view text) {
  int parts = 0;
  while (true) {
    int value = -1;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto used = static_cast<size_t>(end - text.data());
    if (ec != std::errc() || !IsDigit(text.front()) || used > 3 || value > 255) {
      return false;
    }
    text.remove_prefix(used);
    if (++parts == 4) return text.empty();
    if (text.empty() || text.front() != '.') return false;
    text.remove_prefix(1);
  }
}

// Groups of an IPv6 address without "::"; -1 when malformed. A dotted quad counts for two.
int CountIpv6Groups(std::string_view text, bool allow_ipv4) {
  if (text.empty()) return 0;
  int groups = 0;
  while (true) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && allow_ipv4 && IsIpv4(group)) return groups + 2;
    if (group.empty() || group.size() > 4) return -1;
    if (!std::all_of(group.begin(), group.end(), [](char c) { return HexDigit(c) >= 0; })) {
      return -1;
    }
    ++groups;
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
  }
}

bool IsIpv6(std::string_view text) {
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos) return CountIpv6Groups(text, true) == 8;
  const int before = CountIpv6Groups(text.substr(0, gap), false);
  const int after = CountIpv6Groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after <= 7;
}

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return Is8Bit(c) || IsAlnum(c) || c == '-' || c == '_'; });
}

std::optional<SyntaxError> CheckText(std::string_view text, bool allow_utf8) {
  if (HasControl(text)) return SyntaxError::kControlCharacter;
  if (IsAscii(text)) return std::nullopt;
  if (!allow_utf8) return SyntaxError::kUtf8NotAllowed;
  if (!IsUtf8(text)) return SyntaxError::kBadUtf8;
  return std::nullopt;
}

// A mailbox whose characters were checked already.
Parsed<Mailbox, SyntaxError> ReadMailbox(std::string_view text, bool allow_postmaster) {
  const size_t end = LocalPartEnd(text);
  if (end == std::string_view::npos) return SyntaxError::kBadLocalPart;
  const std::string_view spelling = text.substr(0, end);
  std::optional<std::string> local = ReadLocalPart(spelling);
  if (!local) return SyntaxError::kBadLocalPart;
  if (spelling.size() > kMaxLocalPart) return SyntaxError::kLocalPartTooLong;
  if (end == text.size()) {
    if (allow_postmaster && EqualsIgnoreCase(*local, "postmaster")) {
      return Mailbox{*std::move(local), ""};
    }
    return SyntaxError::kNoDomain;
  }
  if (text[end] != '@') return SyntaxError::kBadLocalPart;
  const std::string_view domain = text.substr(end + 1);
  if (domain.size() > kMaxDomain) return SyntaxError::kDomainTooLong;
  if (!IsDomainName(domain, true) && !IsAddressLiteral(domain)) return SyntaxError::kBadDomain;
  return Mailbox{*std::move(local), std::string(domain)};
}

// The closing bracket of a path that begins with '<': the first one outside quotes.
size_t PathEnd(std::string_view text) {
  bool quoted = false;
  for (size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '>' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Takes "@a,@b:" off the front of `*path` (RFC 5321 §4.1.2, A-d-l; appendix C: ignored).
bool StripSourceRoute(std::string_view* path) {
  std::string_view rest = *path;
  while (true) {
    const size_t end = rest.find_first_of(",:");
    if (rest.empty() || rest.front() != '@' || end == std::string_view::npos) return false;
    if (!IsDomainName(rest.substr(1, end - 1), true)) return false;
    const char separator = rest[end];
    rest.remove_prefix(end + 1);
    if (separator == ':') break;
  }
  *path = rest;
  return true;
}

}  // namespace

bool Mailbox::NeedsUtf8() const { return !IsAscii(local) || !IsAscii(domain); }

std::string Mailbox::LowerDomain() const { return ToLower(domain); }

std::string Mailbox::ToString() const {
  if (IsNull()) return "";
  std::string text;
  text.reserve(local.size() + domain.size() + 3);
  if (IsDotString(local)) {
    text = local;
  } else {
    text = '"';
    for (char c : local) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  if (!domain.empty()) {
    text += '@';
    text += domain;
  }
  return text;
}

std::string NormalizedKey(const Mailbox& mailbox) { return ToLower(mailbox.ToString()); }

bool IsDomainName(std::string_view domain, bool allow_utf8) {
  if (domain.empty() || domain.size() > kMaxDomain) return false;
  if (CheckText(domain, allow_utf8)) return false;
  while (true) {
    const size_t dot = domain.find('.');
    if (!IsLabel(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool IsAddressLiteral(std::string_view domain) {
  if (domain.size() < 3 || domain.front() != '[' || domain.back() != ']') return false;
  const std::string_view inner = domain.substr(1, domain.size() - 2);
  if (StartsWithIgnoreCase(inner, "IPv6:")) return IsIpv6(inner.substr(5));
  return IsIpv4(inner);
}

Parsed<Mailbox, SyntaxError> ParseMailbox(std::string_view text, bool allow_utf8) {
  if (const auto error = CheckText(text, allow_utf8)) return *error;
  return ReadMailbox(text, false);
}

Parsed<Mailbox, SyntaxError> ParseLeadingPath(std::string_view* text, PathOptions options) {
  if (text->empty() || text->front() != '<') return SyntaxError::kPathWithoutBrackets;
  const size_t end = PathEnd(*text);
  if (end == std::string_view::npos) return SyntaxError::kPathWithoutBrackets;
  std::string_view path = text->substr(1, end - 1);
  if (const auto error = CheckText(path, options.allow_utf8)) return *error;
  const std::string_view rest = text->substr(end + 1);
  if (path.empty()) {
    if (!options.allow_null) return SyntaxError::kNullPathRefused;
    *text = rest;
    return Mailbox{};
  }
  const bool routed = path.front() == '@';
  if (routed && !StripSourceRoute(&path)) return SyntaxError::kBadSourceRoute;
  Parsed<Mailbox, SyntaxError> mailbox = ReadMailbox(path, options.allow_postmaster && !routed);
  if (!mailbox) return mailbox;
  if (path.size() + 2 > kMaxPath) return SyntaxError::kPathTooLong;
  *text = rest;
  return mailbox;
}

Parsed<Mailbox, SyntaxError> ParsePath(std::string_view text, PathOptions options) {
  Parsed<Mailbox, SyntaxError> mailbox = ParseLeadingPath(&text, options);
  if (mailbox && !text.empty()) return SyntaxError::kBadArgument;
  return mailbox;
}

}  // namespace staffetta::smtp
