#pragma once

// The header X-SMTPAPI: what a message asks for itself, as JSON (SPEC X1). Pure.

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/mime/header.h"
#include "common/smtp/parsed.h"
#include "gateway/backends.h"
#include "gateway/dynamic_fields.h"

namespace staffetta::gateway {

inline constexpr std::string_view kSmtpApiField = "X-SMTPAPI";
inline constexpr size_t kMaxCampaign = 255;         // octets of CampaignName, of CampaignCode
inline constexpr size_t kMaxCampaignReport = 1000;  // octets of JSON
inline constexpr size_t kMaxFieldName = 100;        // octets of a dynamic field's name

struct SmtpApi {
  std::optional<int> priority;         // 1…5
  std::optional<absl::Time> schedule;  // after now; whole seconds
  Controls controls;
  DynamicFields dynamic_fields;  // none when they are to be skipped
};

struct SmtpApiRules {
  absl::Time now;
  absl::Duration max_hold;  // how far ahead a schedule may be
};

struct SmtpApiFault {
  std::string_view key;  // empty: the field as a whole
  std::string rule;      // what it is not, or what is wrong
};

// Without the field: nothing is asked for. Unknown keys are ignored; null is as good as absent.
// Encoded words (RFC 2047) are decoded first: mail libraries write them where JSON is long or not
// ASCII.
smtp::Parsed<SmtpApi, SmtpApiFault> ReadSmtpApi(const mime::HeaderBlock& header,
                                                const SmtpApiRules& rules);

}  // namespace staffetta::gateway
