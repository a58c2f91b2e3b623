#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

// How answers look: tables for people, the JSON mapping of Protobuf for programs.
namespace staffetta::cli {

// The text with its control characters written as "\x1b": mail is written by strangers, and a
// terminal obeys what it is sent. Line ends count as control characters.
std::string Visible(std::string_view text);

// Lines in aligned columns, two spaces apart. Every cell is made Visible; an empty one is "-".
class Table {
 public:
  // Without headings there is no first line.
  explicit Table(std::vector<std::string> headings = {});

  // A cell for each heading; without headings all rows are of one length.
  void Add(std::vector<std::string> row);

  friend std::ostream& operator<<(std::ostream& out, const Table& table);

 private:
  std::vector<std::vector<std::string>> rows_;
};

// One line of JSON: fields as in the .proto file, those with their default value too. INTERNAL: the
// message holds what JSON has no form for, as a time beyond the year 9999.
absl::StatusOr<std::string> Json(const google::protobuf::Message& message);

// "2026-01-31T23:59:59Z"; empty when the time is not set.
std::string Time(bool is_set, const google::protobuf::Timestamp& time);

// "a, b"
std::string List(const google::protobuf::RepeatedPtrField<std::string>& texts);

// The words of an enumeration: USER_STATUS_ACTIVE of UserStatus is "active"; but for the value 0,
// which is no choice, and whose own word is empty.
std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type);
std::string EnumWord(const google::protobuf::EnumDescriptor& type, int number);
// nullopt: no value has that word.
std::optional<int> EnumNumber(const google::protobuf::EnumDescriptor& type, std::string_view word);

template <class Enum>
std::vector<std::string> Words() {
  return EnumWords(*google::protobuf::GetEnumDescriptor<Enum>());
}

template <class Enum>
std::string Word(Enum value) {
  return EnumWord(*google::protobuf::GetEnumDescriptor<Enum>(), value);
}

// The value 0 when no value has that word.
template <class Enum>
Enum ValueOf(std::string_view word) {
  return static_cast<Enum>(
      EnumNumber(*google::protobuf::GetEnumDescriptor<Enum>(), word).value_or(0));
}

}  // namespace staffetta::cli
