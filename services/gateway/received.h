#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/stream.h"

namespace staffetta::gateway {

// What the client has said first.
enum class Greeting { kNone, kHelo, kEhlo };

// What a Received field tells (RFC 5321 §4.4, RFC 3848, RFC 6531 §3.7.3).
struct Trace {
  std::string_view hello;           // what the client called itself
  std::string_view client_name;     // its host name; empty: not known
  std::string_view client_address;  // text
  std::string_view hostname;        // ours
  Greeting greeting = Greeting::kEhlo;
  bool utf8 = false;  // MAIL had SMTPUTF8
  std::optional<net::TlsInfo> tls;
  bool authenticated = false;  // by AUTH
  std::string_view id;
  int64_t unix_seconds = 0;
};

// The whole field, folded, with its final CRLF. Whatever the client called itself, it stays one
// word of one field.
std::string ReceivedField(const Trace& trace);

}  // namespace staffetta::gateway
