#include "policy/sender_name.h"

#include <absl/strings/str_cat.h>

#include "common/base/text.h"
#include "common/smtp/address.h"
#include "common/smtp/ascii.h"
#include "common/smtp/idna.h"

namespace staffetta::policy {
namespace {

absl::Status Bad(std::string_view text, const char* why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", ToAbsl(text), "\" ", why));
}

absl::StatusOr<std::string> NormalDomain(std::string_view domain) {
  const std::optional<std::string> ascii = smtp::ToALabels(domain);
  if (!ascii) return Bad(domain, "is no valid international domain name");
  if (!smtp::IsDomainName(*ascii)) return Bad(domain, "is no domain name");
  return smtp::ToLower(*ascii);
}

}  // namespace

absl::StatusOr<SenderName> ParseSenderName(std::string_view text) {
  if (text.find('@') != std::string_view::npos) return ParseAddress(text);
  if (!smtp::IsDomainName(text, true)) {
    return Bad(text, "is neither a domain (example.com) nor an address (ann@example.com)");
  }
  absl::StatusOr<std::string> domain = NormalDomain(text);
  if (!domain.ok()) return domain.status();
  if (domain->find('.') == std::string::npos) {
    return Bad(text, "is not a whole domain name, like example.com");
  }
  return SenderName{*domain, *domain};
}

absl::StatusOr<SenderName> ParseAddress(std::string_view text) {
  auto mailbox = smtp::ParseMailbox(text, true);
  if (!mailbox) return Bad(text, "is no mail address");
  if (mailbox->IsLiteral()) return Bad(text, "has no domain that could be verified");
  absl::StatusOr<std::string> domain = NormalDomain(mailbox->domain);
  if (!domain.ok()) return domain.status();
  mailbox->domain = *domain;
  return SenderName{smtp::NormalizedKey(*mailbox), *domain};
}

}  // namespace staffetta::policy
