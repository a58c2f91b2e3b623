#pragma once

// Messages with 8-bit or binary content made fit for servers that take 7-bit lines only (RFC 6152
// §3, RFC 2045 §6): the bodies of parts become quoted-printable or base64, and what stands around
// them says so. Pure.

#include <string>
#include <string_view>

#include "common/smtp/parsed.h"

namespace staffetta::mime {

// Why it cannot be done.
enum class RecodeFault {
  kHeader,     // octets over 127 in a header: no encoding of bodies helps
  kSigned,     // in a signed part, whose octets are not ours to change
  kStructure,  // the parts are not understood, or nested too deep
};

// In words that continue "it cannot be converted: ".
std::string_view Describe(RecodeFault fault);

// Whether these octets may go to any server: ASCII without NUL, in lines of at most 998 octets that
// end with CRLF.
bool Is7Bit(std::string_view text);

// The whole message with every part 7-bit. Parts that are so already keep every octet; text becomes
// quoted-printable or base64, whichever is shorter, everything else base64. No character set is
// invented. What stands before the first and behind the last part of a multipart is for nobody, and
// is left out where it is not 7-bit. Linear in size × depth.
smtp::Parsed<std::string, RecodeFault> Recode7Bit(std::string_view message);

}  // namespace staffetta::mime
