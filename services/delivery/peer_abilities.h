#pragma once

// What a server says in its reply to EHLO (RFC 5321 §4.1.1.1). Pure.

#include <cstddef>
#include <cstdint>

#include "common/smtp/reply.h"

namespace staffetta::delivery {

struct PeerAbilities {
  bool pipelining = false;      // RFC 2920
  bool eight_bit_mime = false;  // RFC 6152
  bool binary_mime = false;     // RFC 3030, with the CHUNKING it needs
  bool smtputf8 = false;        // RFC 6531
  bool starttls = false;        // RFC 3207
  bool require_tls = false;     // RFC 8689
  bool dsn = false;             // RFC 3461
  bool mt_priority = false;     // RFC 6710
  bool deliver_by = false;      // RFC 2852
  int64_t least_time = 0;       // seconds; it refuses less in mode R
  bool size = false;            // RFC 1870
  uint64_t max_size = 0;        // bytes; 0: not told
  // RFC 9422, each 0 when it is not told.
  size_t max_recipients = 0;  // of a transaction
  int max_transactions = 0;   // of a connection
};

// Of a positive reply. Words that are not known, and values that are none, count for nothing.
PeerAbilities ReadAbilities(const smtp::Reply& ehlo);

}  // namespace staffetta::delivery
