#pragma once

// Addresses with their type, as DSN parameters and reports have them: "rfc822;ann@example.org"
// (RFC 3461 §4.2), "utf-8;jörg@example.org" (RFC 6533 §3). Whatever goes in, ASCII without controls
// comes out.

#include <string>
#include <string_view>

namespace staffetta::delivery {

// The value of ORCPT; empty when `typed` has no usable type.
std::string OrcptValue(std::string_view typed);

// For fields of a delivery status: of a typed address, and of a recipient.
std::string InReport(std::string_view typed);
std::string RecipientInReport(std::string_view address);

}  // namespace staffetta::delivery
