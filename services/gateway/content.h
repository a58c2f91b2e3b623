#pragma once

// Content between the wire and the queue: what its header must be like, who it says it is from, and
// the few edits that are made to it. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/header.h"
#include "common/smtp/address.h"
#include "common/smtp/parsed.h"
#include "gateway/dynamic_fields.h"
#include "gateway/received.h"

namespace staffetta::gateway {

// Why content is refused (SPEC S5, S6, S8, V6).
enum class ContentFault {
  kBadBytes,       // bare CR, NUL; bare LF when strict
  kHeaderNotUtf8,  // with SMTPUTF8
  kLineTooLong,
  kTooBig,
  kHeaderTooLarge,  // in bytes or fields
  kNestedTooDeep,
  kNotAField,  // a line of the header is neither field nor continuation
  kNoFrom,
  kSeveralFrom,
  kDisguisedFrom,  // "From :"
  kBadFrom,        // no list of addresses
  kSeveralSender,
  kBadSender,  // also "Sender :"
  kLooping,
  kBadIdempotencyKey,
};

struct ContentRules {
  size_t max_header = 256 << 10;  // bytes
  size_t max_header_fields = 1000;
  int max_received = 50;
  size_t max_mime_depth = 100;
  bool utf8 = false;      // MAIL had SMTPUTF8: 8-bit octets of the header are UTF-8 (RFC 6532)
  bool binary = false;    // no line was measured yet: those of the header are
  size_t max_line = 998;  // then
};

// Views into the content that was examined, which has to outlive it and stay where it is.
struct Examined {
  mime::HeaderBlock header;
  std::vector<smtp::Mailbox> authors;  // all addresses of From and Sender
  std::string subject;                 // decoded, at most 200 bytes
  std::string idempotency_key;         // SPEC S11; empty: none
  bool eight_bit_part = false;         // the header of a part has octets over 127
};

// As far as the header tells: of the rest nothing need be there, and how deep it is nested is not
// looked at.
smtp::Parsed<Examined, ContentFault> ExamineHeader(std::string_view content,
                                                   const ContentRules& rules);

// And the structure of the whole.
smtp::Parsed<Examined, ContentFault> Examine(std::string_view content, const ContentRules& rules);

// The same of mail that comes back (SPEC S12): what others wrote is taken as it is, but for what
// would harm us. Neither authors nor key.
smtp::Parsed<Examined, ContentFault> ExamineReturned(std::string_view content,
                                                     const ContentRules& rules);

// What is known only once the message has its sender and its class.
struct Finish {
  Trace trace;
  int priority = 3;                       // the class, 1…5, that mail clients are to show
  const DynamicFields* fields = nullptr;  // null: none
  size_t max_size = size_t{25} << 20;     // of a message with its dynamic fields in place
};

struct Finished {
  std::string content;
  std::string subject;       // as in Examined, with dynamic fields in place
  bool utf8_header = false;  // it, or that of a part, has octets over 127
  bool too_big = false;      // with its dynamic fields; there is no content then
};

// The content as it is queued, or the beginning of it that has the header: Received on top; Bcc,
// X-SMTPAPI and Idempotency-Key gone; Date and Message-ID there; priority fields that agree with
// the class; dynamic fields in place. Every other octet is as it was. One copy.
Finished FinishContent(const Examined& examined, std::string_view content, const Finish& finish);

}  // namespace staffetta::gateway
