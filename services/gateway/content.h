#pragma once

// Content between the wire and the queue: what its header must be like, who it says it is from, and
// the few edits that are made at its top. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/header.h"
#include "common/smtp/address.h"
#include "common/smtp/parsed.h"
#include "gateway/received.h"

namespace staffetta::gateway {

// Why content is refused (SPEC S5, S6, S8, V6).
enum class ContentFault {
  kBadBytes,  // bare CR, NUL; bare LF when strict
  kLineTooLong,
  kTooBig,
  kHeaderTooLarge,  // in bytes or fields
  kNotAField,       // a line of the header is neither field nor continuation
  kNoFrom,
  kSeveralFrom,
  kDisguisedFrom,  // "From :"
  kBadFrom,        // no list of addresses
  kSeveralSender,
  kBadSender,  // also "Sender :"
  kLooping,
};

struct ContentRules {
  size_t max_header = 256 << 10;  // bytes
  int max_received = 50;
};

// Views into the content that was examined, which has to outlive it and stay where it is.
struct Examined {
  mime::HeaderBlock header;
  std::vector<smtp::Mailbox> authors;  // all addresses of From and Sender
  std::string subject;                 // decoded, at most 200 bytes
};

smtp::Parsed<Examined, ContentFault> Examine(std::string_view content, const ContentRules& rules);

// The content as it is queued: Received on top, Bcc gone, Date and Message-ID there. Every other
// octet is as it was. One copy.
std::string Stamp(const Examined& examined, std::string_view content, const Trace& trace);

}  // namespace staffetta::gateway
