#include "policy/ownership.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "common/base/ids.h"
#include "common/base/log.h"

namespace staffetta::policy {
namespace {

constexpr size_t kMostShown = 5;  // records of others

std::string WhatToPublish(const v1::Sender& sender) {
  return absl::StrCat("publish a TXT record at ", sender.record_name(), " with the text \"",
                      sender.record_value(), "\"");
}

}  // namespace

v1::Sender NewSender(uint64_t account_id, const std::string& name, bool is_address,
                     const std::string& label) {
  v1::Sender sender;
  sender.set_account_id(account_id);
  sender.set_name(name);
  sender.set_state(v1::SENDER_STATE_PENDING);
  if (is_address) {
    sender.set_detail(
        "an address counts as verified when its domain is a verified sender of the account, or "
        "when an operator verifies it");
  } else {
    sender.set_record_name(absl::StrCat(label, ".", name));
    sender.set_record_value(absl::StrCat("staffetta-verification=", NewToken()));
    sender.set_detail(absl::StrCat(WhatToPublish(sender), ", then verify"));
  }
  return sender;
}

Co<absl::StatusOr<Proof>> LookUp(net::Resolver* resolver, v1::Sender domain) {
  const absl::StatusOr<std::vector<std::string>> found =
      co_await resolver->Txt(domain.record_name());
  if (!found.ok()) {
    co_return absl::UnavailableError(absl::StrCat(
        "the DNS cannot answer for ", domain.record_name(), ": ", found.status().message()));
  }
  std::vector<std::string> others;
  for (const std::string& text : *found) {
    if (absl::StripAsciiWhitespace(text) == domain.record_value()) {
      co_return Proof{true, absl::StrCat("the TXT record was found at ", domain.record_name())};
    }
    if (others.size() < kMostShown) others.push_back(absl::StrCat("\"", log::Escaped(text), "\""));
  }
  const std::string what =
      others.empty() ? "no TXT record was found at "
                     : absl::StrCat("only ", absl::StrJoin(others, ", "), " was found at ");
  co_return Proof{false, absl::StrCat(what, domain.record_name(), "; ", WhatToPublish(domain),
                                      ", then verify")};
}

}  // namespace staffetta::policy
