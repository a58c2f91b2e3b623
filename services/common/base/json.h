#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace staffetta {

// JSON from outside, to the letter (RFC 8259): one value and nothing behind it, UTF-8, nested at
// most 32 deep, no key twice in an object (readers differ in which they take). Nothing otherwise.
std::optional<boost::json::value> ParseJson(std::string_view text);

// In one line.
std::string ToJson(const boost::json::value& value);

}  // namespace staffetta
