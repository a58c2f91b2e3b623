#pragma once

// XCLIENT, as Postfix's XCLIENT_README has it: a trusted proxy or filter tells who its client is.

#include <optional>
#include <string>
#include <string_view>

#include "common/smtp/parsed.h"
#include "common/smtp/syntax_error.h"

namespace staffetta::smtp {

// What EHLO offers behind XCLIENT.
inline constexpr std::string_view kXclientAttributes =
    "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

// What was told; nullopt: nothing was. Empty: told to be unknown ("[UNAVAILABLE]", or
// "[TEMPUNAVAIL]").
struct Xclient {
  std::optional<std::string> name;     // host name
  std::optional<std::string> address;  // text, as in "192.0.2.7" and "2001:db8::1"
  std::optional<std::string> hello;    // what it called itself
  std::optional<std::string> login;    // as whom it has authenticated

  friend bool operator==(const Xclient&, const Xclient&) = default;
};

// The argument, "NAME=spike.example ADDR=IPV6:2001:db8::1 …": at least one attribute, each once,
// values in xtext. PORT, PROTO (SMTP, ESMTP), DESTADDR and DESTPORT are checked and left.
Parsed<Xclient, SyntaxError> ParseXclient(std::string_view argument);

}  // namespace staffetta::smtp
