#include "auth/user_rules.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/channel.h"
#include "common/base/network.h"
#include "common/smtp/address.h"
#include "common/smtp/utf8.h"

namespace staffetta::auth {
namespace {

// A wider network would make an open relay for a good part of the Internet.
constexpr int kWidestIpv4 = 8;
constexpr int kWidestIpv6 = 32;
constexpr int kIpv4Bits = 96;  // of the prefix of an IPv4 network, which is kept mapped

absl::Status Bad(const std::string& why) { return absl::InvalidArgumentError(why); }

int64_t CodePoints(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

absl::Status CheckText(const char* field, const std::string& text, int64_t longest) {
  if (!smtp::IsUtf8(text)) return Bad(absl::StrCat(field, " is not UTF-8"));
  if (CodePoints(text) > longest) {
    return Bad(absl::StrCat(field, " has ", CodePoints(text), " characters; at most ", longest,
                            " are allowed"));
  }
  return absl::OkStatus();
}

absl::Status CheckSender(const std::string& sender) {
  if (sender.find('@') == std::string::npos) {
    if (smtp::IsDomainName(sender, true)) return absl::OkStatus();
  } else if (smtp::ParseMailbox(sender, true)) {
    return absl::OkStatus();
  }
  return Bad(absl::StrCat("senders: \"", sender,
                          "\" is neither a domain (example.com) nor an address "
                          "(ann@example.com)"));
}

absl::Status CheckOpenNetwork(const std::string& text) {
  const absl::StatusOr<Network> network = ParseNetwork(text);
  if (!network.ok()) {
    return Bad(absl::StrCat("open_networks: ", network.status().message()));
  }
  const bool ipv4 = network->ToString().find(':') == std::string::npos;
  const int widest = ipv4 ? kWidestIpv4 : kWidestIpv6;
  const int prefix = network->prefix - (ipv4 ? kIpv4Bits : 0);
  if (prefix < widest) {
    return Bad(absl::StrCat("open_networks: ", text,
                            " would open the relay to everybody in it without a password; the "
                            "prefix must be /",
                            widest, " or longer"));
  }
  return absl::OkStatus();
}

absl::Status CheckCaps(const v1::Caps& caps) {
  if (caps.messages_per_minute() < 0 || caps.messages_per_hour() < 0 ||
      caps.messages_per_day() < 0 || caps.recipients_per_message() < 0 || caps.message_size() < 0 ||
      caps.sessions() < 0) {
    return Bad("caps: none can be less than 0, which is no cap");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAccount(const v1::Account& account) {
  if (account.name().empty()) return Bad("name is empty");
  if (smtp::HasControl(account.name())) return Bad("name has a control character");
  if (absl::Status status = CheckChannel(account.channel()); !status.ok()) return status;
  return CheckText("name", account.name(), kMaxAccountName);
}

absl::Status CheckUser(const v1::User& user) {
  if (user.priority() < 1 || user.priority() > 5) {
    return Bad(
        absl::StrCat("priority: ", user.priority(), " is not 1 (very high) to 5 (very low)"));
  }
  if (user.type() != v1::USER_TYPE_SMTP && user.type() != v1::USER_TYPE_API &&
      user.type() != v1::USER_TYPE_SMTP_AND_API) {
    return Bad(absl::StrCat("type: ", static_cast<int>(user.type()), " is unknown"));
  }
  if (user.senders_size() > kMaxSenders) {
    return Bad(absl::StrCat("senders: more than ", kMaxSenders));
  }
  if (user.open_networks_size() > kMaxOpenNetworks) {
    return Bad(absl::StrCat("open_networks: more than ", kMaxOpenNetworks));
  }
  for (const std::string& sender : user.senders()) {
    if (absl::Status status = CheckSender(sender); !status.ok()) return status;
  }
  for (const std::string& network : user.open_networks()) {
    if (absl::Status status = CheckOpenNetwork(network); !status.ok()) return status;
  }
  if (user.auth_networks_size() > kMaxAuthNetworks) {
    return Bad(absl::StrCat("auth_networks: more than ", kMaxAuthNetworks));
  }
  for (const std::string& text : user.auth_networks()) {
    const absl::StatusOr<Network> network = ParseNetwork(text);
    if (!network.ok()) return Bad(absl::StrCat("auth_networks: ", network.status().message()));
  }
  if (absl::Status status = CheckCaps(user.caps()); !status.ok()) return status;
  return CheckText("note", user.note(), kMaxNote);
}

absl::Status CheckReason(const std::string& reason) {
  if (reason.empty()) return Bad("reason is empty; it is shown to the account");
  return CheckText("reason", reason, kMaxReason);
}

}  // namespace staffetta::auth
