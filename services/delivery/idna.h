#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace staffetta::delivery {

// The domain in A-labels (IDNA 2008), as DNS and servers without SMTPUTF8 want it; ASCII is left as
// it is. nullopt: it is no domain.
std::optional<std::string> ToALabels(std::string_view domain);

// The address with such a domain; nullopt when that does not make it ASCII.
std::optional<std::string> ToAsciiAddress(std::string_view address);

}  // namespace staffetta::delivery
