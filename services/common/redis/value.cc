#include "common/redis/value.h"
#include "common/base/text.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

absl::Status Unexpected(Value::Kind found, Value::Kind wanted) {
  return absl::InternalError(absl::StrCat("unexpected reply: ", ToAbsl(KindName(found)),
                                          " instead of ", ToAbsl(KindName(wanted))));
}

}  // namespace

Value Value::Integer(int64_t number) {
  Value value;
  value.kind_ = Kind::kInteger;
  value.data_ = number;
  return value;
}

Value Value::String(std::string bytes) {
  Value value;
  value.kind_ = Kind::kString;
  value.data_ = std::move(bytes);
  return value;
}

Value Value::Array(std::vector<Value> elements) {
  Value value;
  value.kind_ = Kind::kArray;
  value.data_ = std::move(elements);
  return value;
}

Value Value::Error(std::string text) {
  Value value = String(std::move(text));
  value.kind_ = Kind::kError;
  return value;
}

Value Value::Status(std::string text) {
  Value value = String(std::move(text));
  value.kind_ = Kind::kStatus;
  return value;
}

int64_t Value::integer() const {
  const auto* number = std::get_if<int64_t>(&data_);
  return number == nullptr ? 0 : *number;
}

const std::string& Value::str() const {
  static const std::string empty;
  const auto* bytes = std::get_if<std::string>(&data_);
  return bytes == nullptr ? empty : *bytes;
}

const std::vector<Value>& Value::array() const {
  static const std::vector<Value> empty;
  const auto* elements = std::get_if<std::vector<Value>>(&data_);
  return elements == nullptr ? empty : *elements;
}

std::string Value::TakeString() {
  auto* bytes = std::get_if<std::string>(&data_);
  return bytes == nullptr ? std::string() : std::move(*bytes);
}

std::vector<Value> Value::TakeArray() {
  auto* elements = std::get_if<std::vector<Value>>(&data_);
  return elements == nullptr ? std::vector<Value>() : std::move(*elements);
}

absl::StatusOr<int64_t> Value::AsInteger() const {
  if (kind_ != Kind::kInteger) return Unexpected(kind_, Kind::kInteger);
  return integer();
}

absl::StatusOr<std::string> Value::AsString() && {
  if (kind_ != Kind::kString) return Unexpected(kind_, Kind::kString);
  return TakeString();
}

absl::StatusOr<std::vector<Value>> Value::AsArray() && {
  if (kind_ != Kind::kArray) return Unexpected(kind_, Kind::kArray);
  return TakeArray();
}

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNil:
      return "nil";
    case Value::Kind::kInteger:
      return "integer";
    case Value::Kind::kString:
      return "string";
    case Value::Kind::kArray:
      return "array";
    case Value::Kind::kError:
      return "error";
    case Value::Kind::kStatus:
      return "status";
  }
  return "unknown";
}

absl::Status ErrorReplyToStatus(std::string_view text) {
  static constexpr std::string_view kUnavailable[] = {
      "LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "OOM",
      "BUSY",    "TRYAGAIN", "MISCONF",     "MOVED",      "ASK",        "UNBLOCKED"};
  static constexpr std::string_view kDenied[] = {"NOAUTH", "WRONGPASS", "NOPERM", "DENIED"};

  const std::string_view word = text.substr(0, text.find(' '));
  for (const std::string_view known : kUnavailable) {
    if (word == known) return absl::UnavailableError(ToAbsl(text));
  }
  for (const std::string_view known : kDenied) {
    if (word == known) return absl::PermissionDeniedError(ToAbsl(text));
  }
  if (word == "NOSCRIPT") return absl::NotFoundError(ToAbsl(text));
  // Said to a connection that is one too many, in place of its first reply.
  if (text.starts_with("ERR max number of clients reached")) {
    return absl::UnavailableError(ToAbsl(text));
  }
  return absl::InternalError(ToAbsl(text));
}

}  // namespace staffetta::redis
