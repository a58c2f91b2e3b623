#pragma once

// The addresses in From, Sender and Reply-To (RFC 5322 §3.4), for deciding who is sending: strict,
// because what another reader could understand differently is refused. Only the address counts;
// what stands in display names, comments and encoded words never does.

#include <string>
#include <string_view>
#include <vector>

#include "common/smtp/address.h"
#include "common/smtp/parsed.h"

namespace staffetta::mime {

enum class AddressListError {
  kEmpty,
  kSyntax,        // none of the forms of an address
  kBadAddress,    // of the right form, with a bad local part or domain
  kGroup,         // "name: a@b, c@d;" has no place in From or Sender (RFC 6854 is not followed)
  kRoute,         // "<@a:b@c>", obsolete
  kUnterminated,  // quoted string, comment or bracket
  kBadBytes,      // NUL, or a CR or LF that is not part of a fold
  kTooDeep,       // comments nested over 32
  kTooMany,       // over kMaxAddresses
};

std::string_view Describe(AddressListError error);

inline constexpr size_t kMaxAddresses = 100;

struct Address {
  // Unquoted and unfolded, encoded words as they are, maybe not UTF-8: show it through
  // DecodeHeaderText. May be empty.
  std::string display_name;
  smtp::Mailbox mailbox;
};

// `raw_value` is Field::value. At least one address. UTF-8 is accepted (RFC 6532). Linear.
smtp::Parsed<std::vector<Address>, AddressListError> ParseAddressList(std::string_view raw_value);

}  // namespace staffetta::mime
