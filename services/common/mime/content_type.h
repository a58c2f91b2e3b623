#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace staffetta::mime {

struct Parameter {
  std::string name;      // lower case; "name*" and "name*0" (RFC 2231) are names like others
  std::string value;     // unquoted
  std::string_view raw;  // the value as it stands in the field, with its quotes
};

// A media type (RFC 2045 §5.1).
struct ContentType {
  std::string type;     // lower case
  std::string subtype;  // lower case
  std::vector<Parameter> parameters;

  // Null when there is none.
  const Parameter* Find(std::string_view name) const;
};

// `raw_value` is Field::value and must outlive the answer. Nothing when it is none, or
// has a parameter twice: readers differ in which they take. Linear.
std::optional<ContentType> ParseContentType(std::string_view raw_value);

}  // namespace staffetta::mime
