// X-SMTPAPI: the input is what stands behind the colon. SPEC X1

#include "common/smtp/utf8.h"
#include "fuzz.h"
#include "gateway/smtp_api.h"

namespace staffetta::gateway {

constexpr absl::Duration kMaxHold = absl::Hours(60 * 24);

FUZZ {
  const std::string header = "X-SMTPAPI:" + std::string(input) + "\r\n";
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const mime::HeaderBlock block = mime::HeaderBlock::Parse(header);
  if (block.fault() != mime::HeaderBlock::Fault::kNone) return;
  const auto api = ReadSmtpApi(block, {now, kMaxHold});
  if (!api) return;
  CHECK(!api->priority || (*api->priority >= 1 && *api->priority <= 5));
  CHECK(!api->schedule || *api->schedule <= now + kMaxHold);
  CHECK(!smtp::HasControl(api->controls.campaign_name));
  CHECK(!smtp::HasControl(api->controls.campaign_code));
  CHECK(smtp::IsUtf8(api->controls.campaign_report));
  for (const auto& [name, value] : api->dynamic_fields) {
    CHECK(!name.empty() && smtp::IsUtf8(name) && smtp::IsUtf8(value));
    CHECK(name.find_first_of("[]\r\n") == std::string::npos);
    CHECK(value.find('\0') == std::string::npos);
  }
}

}  // namespace staffetta::gateway
