#include "common/base/json.h"

// The library itself: Boost.JSON is built here and nowhere else.
#include <boost/json/src.hpp>

namespace staffetta {
namespace {

namespace json = boost::json;

size_t Keys(const json::value& value) {
  size_t keys = 0;
  if (const json::object* const object = value.if_object()) {
    keys += object->size();
    for (const auto& member : *object) keys += Keys(member.value());
  } else if (const json::array* const array = value.if_array()) {
    for (const json::value& element : *array) keys += Keys(element);
  }
  return keys;
}

// Each colon outside of strings belongs to a key.
size_t WrittenKeys(std::string_view text) {
  size_t keys = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    if (text[i] == '\\') ++i;
    if (text[i] == ':' && !in_string) ++keys;
  }
  return keys;
}

}  // namespace

std::optional<json::value> ParseJson(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error || Keys(value) != WrittenKeys(text)) return std::nullopt;
  return value;
}

std::string ToJson(const json::value& value) { return json::serialize(value); }

}  // namespace staffetta
