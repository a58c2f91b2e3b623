#pragma once

// Every way in which an SMTP command can break its grammar, and the one reply that says so.

#include <string_view>

#include "common/smtp/reply.h"

namespace staffetta::smtp {

enum class SyntaxError {
  // Paths and mailboxes (RFC 5321 §4.1.2).
  kPathWithoutBrackets,
  kPathTooLong,      // over 256 octets with its brackets, without its source route
  kNullPathRefused,  // <> where a recipient is needed
  kNoDomain,         // <user>, other than <postmaster> in RCPT
  kBadLocalPart,
  kLocalPartTooLong,  // over 64 octets as written
  kBadDomain,
  kDomainTooLong,  // over 255 octets
  kBadSourceRoute,
  kControlCharacter,  // NUL, CR, LF and the other controls
  kBadUtf8,           // 8-bit octets that are not UTF-8
  kUtf8NotAllowed,    // an internationalised address without SMTPUTF8 (RFC 6531 §3.5)
  // Commands and their parameters (RFC 5321 §4.1.1).
  kBadArgument,   // the argument is missing, superfluous or of another form
  kBadParameter,  // a parameter breaks the grammar
  kDuplicateParameter,
  kBadParameterValue,  // a known parameter with a value that it cannot have
  kNumberTooLarge,     // does not fit in 64 bits
  // AUTH (RFC 4954).
  kBadBase64,
  kBadCredentials,  // decoded, but not of the form of the mechanism
  kNonAsciiName,    // a user name that no user of ours can have
};

// The reply for the session. The text is fixed and carries nothing that the peer sent.
// `recipient` chooses between the codes of MAIL (5.1.7, 553 5.6.7) and RCPT (5.1.3, 550 5.6.7).
Reply ReplyFor(SyntaxError error, bool recipient = false);

// The same fixed text without codes: for APIs and logs.
std::string_view Describe(SyntaxError error);

}  // namespace staffetta::smtp
