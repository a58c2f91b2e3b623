#pragma once

// A Redis reply (RESP2).

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace staffetta::redis {

// Cheap to move. Strings are bytes: NUL and CRLF are ordinary. Reading a value as a kind that it
// is not gives the empty value of that kind (0, "", {}); use the As… forms where the shape of the
// reply is to be checked.
class Value {
 public:
  enum class Kind : uint8_t { kNil, kInteger, kString, kArray, kError, kStatus };

  Value() = default;
  static Value Integer(int64_t number);
  static Value String(std::string bytes);
  static Value Array(std::vector<Value> elements);
  static Value Error(std::string text);
  static Value Status(std::string text);

  Kind kind() const { return kind_; }
  bool is_nil() const { return kind_ == Kind::kNil; }
  bool is_error() const { return kind_ == Kind::kError; }
  bool is_array() const { return kind_ == Kind::kArray; }

  int64_t integer() const;
  // The bytes of a string, or the text of a status or an error.
  const std::string& str() const;
  const std::vector<Value>& array() const;
  // Moves the bytes or elements out; the value is then unspecified.
  std::string TakeString();
  std::vector<Value> TakeArray();

  // INTERNAL "unexpected reply" when the kind is another.
  absl::StatusOr<int64_t> AsInteger() const;
  absl::StatusOr<std::string> AsString() &&;
  absl::StatusOr<std::vector<Value>> AsArray() &&;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  friend struct ReplyBuilder;

  Kind kind_ = Kind::kNil;
  std::variant<std::monostate, int64_t, std::string, std::vector<Value>> data_;
};

std::string_view KindName(Value::Kind kind);

// The one table from an error reply (its text, "WORD explanation") to a Status; the text is kept.
//   LOADING READONLY CLUSTERDOWN MASTERDOWN NOREPLICAS OOM BUSY TRYAGAIN MISCONF MOVED ASK
//   UNBLOCKED, and "ERR max number of clients reached"     UNAVAILABLE
//   NOAUTH WRONGPASS NOPERM DENIED                         PERMISSION_DENIED
//   NOSCRIPT                                               NOT_FOUND (Client::Eval handles it)
//   everything else (ERR, WRONGTYPE, a script's own)       INTERNAL
absl::Status ErrorReplyToStatus(std::string_view text);

}  // namespace staffetta::redis
