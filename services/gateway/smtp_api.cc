#include "gateway/smtp_api.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/mime/encoded_word.h"
#include "common/smtp/ascii.h"
#include "common/smtp/utf8.h"
#include "gateway/date_time.h"

namespace staffetta::gateway {
namespace {

namespace json = boost::json;

using Fault = std::optional<SmtpApiFault>;

constexpr std::string_view kNotFields =
    R"(not a list of {"N": "name", "V": "value"} with different names)";

std::string_view ToStdView(const json::string& text) { return {text.data(), text.size()}; }

// The value of a key; null when it is absent or null.
const json::value* Find(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains({key.data(), key.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

Fault ReadBool(const json::object& object, std::string_view key, std::optional<bool>* out) {
  const json::value* const value = Find(object, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) return SmtpApiFault{key, "not true or false"};
  *out = value->as_bool();
  return std::nullopt;
}

Fault ReadCampaign(const json::object& object, std::string_view key, std::string* out) {
  const json::value* const value = Find(object, key);
  if (value == nullptr) return std::nullopt;
  const json::string* const text = value->if_string();
  if (text == nullptr || text->size() > kMaxCampaign || smtp::HasControl(ToStdView(*text))) {
    return SmtpApiFault{key, "not a text of at most 255 octets without controls"};
  }
  *out = ToStdView(*text);
  return std::nullopt;
}

Fault ReadPriority(const json::object& object, std::optional<int>* out) {
  constexpr std::string_view kKey = "Priority";
  const json::value* const value = Find(object, kKey);
  if (value == nullptr) return std::nullopt;
  const int64_t* const number = value->if_int64();
  if (number == nullptr || *number < 1 || *number > 5) {
    return SmtpApiFault{kKey, "not a number from 1 to 5"};
  }
  *out = static_cast<int>(*number);
  return std::nullopt;
}

std::string TooFar(absl::Duration most) {
  constexpr absl::Duration kDay = absl::Hours(24);
  const std::string length = most % kDay == absl::ZeroDuration()
                                 ? absl::StrCat(most / kDay, " days")
                                 : absl::FormatDuration(most);
  return absl::StrCat("more than ", length, " ahead");
}

Fault ReadSchedule(const json::object& object, const SmtpApiRules& rules,
                   std::optional<absl::Time>* out) {
  constexpr std::string_view kKey = "Schedule";
  const json::value* const value = Find(object, kKey);
  if (value == nullptr) return std::nullopt;
  const json::string* const text = value->if_string();
  const auto time =
      text == nullptr ? std::nullopt : ParseDateTime(ToStdView(*text), DateForm::kIso8601);
  if (!time) return SmtpApiFault{kKey, "not a date and time with offset (ISO 8601)"};
  if (*time > rules.now + rules.max_hold) return SmtpApiFault{kKey, TooFar(rules.max_hold)};
  if (*time > rules.now) *out = absl::FromUnixSeconds(absl::ToUnixSeconds(*time));
  return std::nullopt;
}

// Without anything that could break out of where the value is put, and lines ended by CRLF.
// Nothing: it has other controls.
std::optional<std::string> CleanValue(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' || c == '\n') {
      out += "\r\n";
      if (text.substr(i, 2) == "\r\n") ++i;
      continue;
    }
    if (c != '\t' && (static_cast<unsigned char>(c) < 32 || c == 127)) return std::nullopt;
    out += c;
  }
  return out;
}

bool ReadField(const json::value& element, DynamicFields* out) {
  const json::object* const object = element.if_object();
  if (object == nullptr) return false;
  const json::value* const name = Find(*object, "N");
  const json::value* const value = Find(*object, "V");
  if (name == nullptr || !name->is_string() || (value != nullptr && !value->is_string())) {
    return false;
  }
  const std::string_view key = ToStdView(name->get_string());
  if (key.empty() || key.size() > kMaxFieldName || smtp::HasControl(key) ||
      key.find_first_of("[]") != std::string_view::npos) {
    return false;
  }
  auto text = CleanValue(value == nullptr ? "" : ToStdView(value->get_string()));
  return text && out->try_emplace(std::string(key), *std::move(text)).second;
}

Fault ReadFields(const json::object& object, DynamicFields* out) {
  constexpr std::string_view kKey = "DynamicFields";
  const json::value* const value = Find(object, kKey);
  if (value == nullptr) return std::nullopt;
  const json::array* const list = value->if_array();
  if (list == nullptr) return SmtpApiFault{kKey, std::string(kNotFields)};
  for (const json::value& element : *list) {
    if (!ReadField(element, out)) return SmtpApiFault{kKey, std::string(kNotFields)};
  }
  return std::nullopt;
}

Fault ReadReport(const json::object& object, std::string* out) {
  constexpr std::string_view kKey = "CampaignReport";
  const json::value* const value = Find(object, kKey);
  if (value == nullptr) return std::nullopt;
  *out = ToJson(*value);
  if (out->size() <= kMaxCampaignReport) return std::nullopt;
  return SmtpApiFault{kKey, "longer than 1000 octets"};
}

Fault Read(const json::object& object, const SmtpApiRules& rules, SmtpApi* api) {
  Controls& controls = api->controls;
  std::optional<bool> skip;
  if (auto fault = ReadCampaign(object, "CampaignName", &controls.campaign_name)) return fault;
  if (auto fault = ReadCampaign(object, "CampaignCode", &controls.campaign_code)) return fault;
  if (auto fault = ReadPriority(object, &api->priority)) return fault;
  if (auto fault = ReadSchedule(object, rules, &api->schedule)) return fault;
  if (auto fault = ReadBool(object, "ClickTracking", &controls.click_tracking)) return fault;
  if (auto fault = ReadBool(object, "ViewTracking", &controls.view_tracking)) return fault;
  if (auto fault = ReadBool(object, "Header", &controls.header)) return fault;
  if (auto fault = ReadBool(object, "Footer", &controls.footer)) return fault;
  if (auto fault = ReadFields(object, &api->dynamic_fields)) return fault;
  if (auto fault = ReadBool(object, "SkipDynamicFields", &skip)) return fault;
  if (auto fault = ReadReport(object, &controls.campaign_report)) return fault;
  if (skip.value_or(false)) api->dynamic_fields.clear();
  return std::nullopt;
}

}  // namespace

smtp::Parsed<SmtpApi, SmtpApiFault> ReadSmtpApi(const mime::HeaderBlock& header,
                                                const SmtpApiRules& rules) {
  SmtpApi api;
  const mime::Field* const field = header.Find(kSmtpApiField);
  if (field == nullptr) return api;
  if (header.Count(kSmtpApiField) > 1) return SmtpApiFault{"", "there is more than one"};
  std::string text = mime::DecodeWords(field->value);
  // A fold may have put a tab into a string, where JSON does not allow it.
  std::replace(text.begin(), text.end(), '\t', ' ');
  const auto value = ParseJson(text);
  if (!value || !value->is_object()) return SmtpApiFault{"", "not a JSON object"};
  if (const Fault fault = Read(value->get_object(), rules, &api)) return *fault;
  return api;
}

}  // namespace staffetta::gateway
