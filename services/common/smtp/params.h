#pragma once

// Values of the ESMTP parameters of MAIL and RCPT. Each takes Param::value; a missing value is an
// error unless said otherwise.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/smtp/parsed.h"
#include "common/smtp/syntax_error.h"

namespace staffetta::smtp {

using ParamValue = std::optional<std::string>;

// SIZE=n (RFC 1870), at most 20 digits that fit in 64 bits.
Parsed<uint64_t, SyntaxError> ParseSizeParam(const ParamValue& value);

enum class Body { k7Bit, k8BitMime, kBinaryMime };
// BODY= (RFC 6152, RFC 3030).
Parsed<Body, SyntaxError> ParseBodyParam(const ParamValue& value);

// MT-PRIORITY=-9…9 (RFC 6710).
Parsed<int, SyntaxError> ParseMtPriorityParam(const ParamValue& value);

enum class Ret { kFull, kHeaders };
// RET= (RFC 3461 §4.3).
Parsed<Ret, SyntaxError> ParseRetParam(const ParamValue& value);

// ENVID= (RFC 3461 §4.4): decoded, 1…100 octets as sent, printable ASCII once decoded.
Parsed<std::string, SyntaxError> ParseEnvidParam(const ParamValue& value);

struct Notify {
  bool never = false;  // excludes the others
  bool success = false;
  bool failure = false;
  bool delay = false;
  friend bool operator==(const Notify&, const Notify&) = default;
};
// NOTIFY= (RFC 3461 §4.1).
Parsed<Notify, SyntaxError> ParseNotifyParam(const ParamValue& value);

struct Orcpt {
  std::string type;     // lower case: "rfc822", "utf-8"
  std::string address;  // decoded: UTF-8 for the type utf-8, ASCII for all others
  friend bool operator==(const Orcpt&, const Orcpt&) = default;
};
// ORCPT=type;xtext (RFC 3461 §4.2), at most 500 octets. The type utf-8 writes characters as they
// are, or as "\x{E9}" (RFC 6533 §3).
Parsed<Orcpt, SyntaxError> ParseOrcptParam(const ParamValue& value);

// HOLDFOR=seconds (RFC 4865), 1…999999999 without leading zeros.
Parsed<uint32_t, SyntaxError> ParseHoldForParam(const ParamValue& value);

struct DeliverBy {
  int64_t seconds = 0;       // may be negative in mode N only
  bool return_late = false;  // mode R: return, else N: notify
  bool trace = false;
  friend bool operator==(const DeliverBy&, const DeliverBy&) = default;
};
// BY=120;R or BY=-30;NT (RFC 2852 §4). Mode R needs a time over 0.
Parsed<DeliverBy, SyntaxError> ParseByParam(const ParamValue& value);

// SMTPUTF8, REQUIRETLS: a value is an error; true.
Parsed<bool, SyntaxError> ParseFlagParam(const ParamValue& value);

// xtext (RFC 3461 §4). Decoding refuses what would become a control; encoding makes anything safe
// to put in a parameter.
Parsed<std::string, SyntaxError> DecodeXtext(std::string_view text);
std::string EncodeXtext(std::string_view text);

}  // namespace staffetta::smtp
