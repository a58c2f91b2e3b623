#include "cli/print.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "common/base/text.h"

namespace staffetta::cli {
namespace {

constexpr size_t kGap = 2;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// In characters of UTF-8, which is what columns are for nearly all that mail holds.
size_t Width(const std::string& text) {
  return text.size() - std::count_if(text.begin(), text.end(), IsContinuation);
}

// The enumeration's own name in front of each value, as its value 0 shows it.
size_t PrefixLength(const google::protobuf::EnumDescriptor& type) {
  return type.FindValueByNumber(0)->name().size() - std::string_view("UNSPECIFIED").size();
}

std::string WordOf(const google::protobuf::EnumValueDescriptor& value) {
  return absl::StrReplaceAll(
      absl::AsciiStrToLower(value.name().substr(PrefixLength(*value.type()))), {{"_", "-"}});
}

}  // namespace

std::string Visible(std::string_view text) {
  std::string visible;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080…U+009F, the other set of control characters, is C2 80…9F.
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() &&
                       static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                       static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (is_c1) {
      absl::StrAppend(&visible, "\\x", absl::Hex(static_cast<unsigned char>(text[++i])));
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppend(&visible, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      visible.push_back(text[i]);
    }
  }
  return visible;
}

Table::Table(std::vector<std::string> headings) {
  if (!headings.empty()) rows_.push_back(std::move(headings));
}

void Table::Add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = cell.empty() ? "-" : Visible(cell);
  rows_.push_back(std::move(row));
}

std::ostream& operator<<(std::ostream& out, const Table& table) {
  std::vector<size_t> widths;
  for (const auto& row : table.rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  for (const auto& row : table.rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - Width(row[i]) + kGap, ' ');
    }
    out << '\n';
  }
  return out;
}

absl::StatusOr<std::string> Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::InternalError(status.ToString());
  return json;
}

std::string Time(bool is_set, const google::protobuf::Timestamp& time) {
  if (!is_set) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string List(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return absl::StrJoin(texts, ", ");
}

std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) words.push_back(WordOf(*type.value(i)));
  }
  return words;
}

std::string EnumWord(const google::protobuf::EnumDescriptor& type, int number) {
  if (number == 0) return "";
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : WordOf(*value);
}

std::optional<int> EnumNumber(const google::protobuf::EnumDescriptor& type, std::string_view word) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0 && WordOf(*type.value(i)) == word) {
      return type.value(i)->number();
    }
  }
  return std::nullopt;
}

}  // namespace staffetta::cli
