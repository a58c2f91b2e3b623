#pragma once

// Mailboxes and paths (RFC 5321 §4.1.2, RFC 6531 §3.3). Nothing is reinterpreted: percent signs,
// bangs and pipes are ordinary characters of a local part.

#include <string>
#include <string_view>

#include "common/smtp/parsed.h"
#include "common/smtp/syntax_error.h"

namespace staffetta::smtp {

inline constexpr size_t kMaxLocalPart = 64;
inline constexpr size_t kMaxDomain = 255;
inline constexpr size_t kMaxLabel = 63;
inline constexpr size_t kMaxPath = 256;  // with the angle brackets

struct Mailbox {
  std::string local;   // meaning, not spelling: without quotes and backslashes
  std::string domain;  // as written; "[192.0.2.1]" for a literal; empty for <> and <postmaster>

  // The null reverse path, <>.
  bool IsNull() const { return local.empty() && domain.empty(); }
  // The domain is an address literal.
  bool IsLiteral() const { return !domain.empty() && domain.front() == '['; }
  // Needs SMTPUTF8 to travel.
  bool NeedsUtf8() const;
  // The domain with ASCII letters in lower case. IDNA is the caller's.
  std::string LowerDomain() const;
  // As it goes on the wire, without angle brackets; the local part is quoted when it must be.
  // Empty for the null path.
  std::string ToString() const;

  friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

// The key under which an address is compared and stored: ToString() with ASCII letters in lower
// case. Local parts are compared without case, as every large receiver does.
std::string NormalizedKey(const Mailbox& mailbox);

struct PathOptions {
  bool allow_utf8 = false;
  bool allow_null = false;        // <>: MAIL
  bool allow_postmaster = false;  // <postmaster> without a domain: RCPT
};

// A whole `<…>`; nothing may follow. A source route (<@a,@b:user@c>) is stripped.
Parsed<Mailbox, SyntaxError> ParsePath(std::string_view text, PathOptions options = {});

// The path at the start of `*text`, which on success is left at what follows the bracket; on
// failure `*text` is unchanged.
Parsed<Mailbox, SyntaxError> ParseLeadingPath(std::string_view* text, PathOptions options = {});

// A whole `local@domain`, without brackets.
Parsed<Mailbox, SyntaxError> ParseMailbox(std::string_view text, bool allow_utf8 = false);

// A domain name: dot-separated labels of letters, digits, hyphens and underscores (and UTF-8 when
// allowed), without a final dot. One label is enough. Not a literal.
bool IsDomainName(std::string_view domain, bool allow_utf8 = false);

// "[192.0.2.1]" or "[IPv6:2001:db8::1]".
bool IsAddressLiteral(std::string_view domain);

}  // namespace staffetta::smtp
