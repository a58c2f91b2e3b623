#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace staffetta::smtp {

// The domain in A-labels (IDNA 2008), as DNS and servers without SMTPUTF8 want it; ASCII is left as
// it is. nullopt: it is no domain.
std::optional<std::string> ToALabels(std::string_view domain);

// The one form of a domain or an address literal by which it is compared and stored: A-labels, in
// lower case. What is no domain is left as it is, but for the case of its ASCII letters.
std::string NormalizedDomain(std::string_view domain);

// The address with its domain in A-labels; nullopt when that does not make it ASCII.
std::optional<std::string> ToAsciiAddress(std::string_view address);

}  // namespace staffetta::smtp
