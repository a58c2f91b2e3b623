#pragma once

// Command lines (RFC 5321 §4.1.1) and the arguments of MAIL, RCPT, BDAT, VRFY, HELO and EHLO.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/smtp/address.h"
#include "common/smtp/parsed.h"
#include "common/smtp/syntax_error.h"

namespace staffetta::smtp {

enum class Verb {
  kUnknown,
  kMalformed,  // NUL, CR, LF or another control inside the line: 500 5.5.2; but BDAT stays BDAT
  kEhlo,
  kHelo,
  kMail,
  kRcpt,
  kData,
  kBdat,
  kRset,
  kNoop,
  kQuit,
  kVrfy,
  kExpn,
  kHelp,
  kAuth,
  kStartTls,
  kXclient,
};

struct Command {
  Verb verb = Verb::kUnknown;
  std::string_view argument;  // into the line, without surrounding spaces and tabs
};

// `line` is without its line ending. Verbs are compared without case.
Command ParseCommand(std::string_view line);

// "MAIL"; "?" for kUnknown and kMalformed. For logs and metrics.
std::string_view VerbName(Verb verb);

struct Param {
  std::string keyword;               // upper case
  std::optional<std::string> value;  // as sent; never empty
};

struct Params {
  std::vector<Param> list;

  const Param* Find(std::string_view upper_keyword) const;
  bool Has(std::string_view upper_keyword) const { return Find(upper_keyword) != nullptr; }
};

struct MailArgs {
  Mailbox reverse_path;  // may be null
  Params params;
};

struct RcptArgs {
  Mailbox forward_path;  // <postmaster> has no domain
  Params params;
};

// The argument of MAIL, "FROM:<a@b> SIZE=1 …". Spaces between colon and bracket are accepted, as
// common clients send them; a path without brackets is not. An address (or value) with 8-bit
// octets needs the SMTPUTF8 parameter in the same command, and that the session offers it.
Parsed<MailArgs, SyntaxError> ParseMail(std::string_view argument, bool offer_utf8);

// The argument of RCPT, "TO:<a@b> …". `allow_utf8`: MAIL of this transaction had SMTPUTF8.
Parsed<RcptArgs, SyntaxError> ParseRcpt(std::string_view argument, bool allow_utf8);

struct BdatArgs {
  uint64_t size = 0;
  bool last = false;
};

// The argument of BDAT (RFC 3030 §2): "86400" or "0 LAST". Nothing else.
Parsed<BdatArgs, SyntaxError> ParseBdat(std::string_view argument);

// The argument of VRFY: anything, with SMTPUTF8 behind it where it is not ASCII (RFC 6531
// §3.7.4.2). Whom it names is not read.
std::optional<SyntaxError> CheckVrfy(std::string_view argument, bool offer_utf8);

// The name after EHLO or HELO: the first word, 1…255 printable ASCII octets. What names are
// believed is not a matter of grammar.
Parsed<std::string_view, SyntaxError> ParseHelloName(std::string_view argument);

}  // namespace staffetta::smtp
