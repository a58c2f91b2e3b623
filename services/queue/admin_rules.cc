#include "queue/admin_rules.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/channel.h"
#include "common/rpc/times.h"
#include "common/smtp/address.h"
#include "common/smtp/idna.h"

namespace staffetta::queue {
namespace {

constexpr size_t kLongestScope = 600;  // a lane's
constexpr size_t kLongestChannel = 255;
constexpr size_t kLongestReason = 500;
constexpr absl::Duration kLongestPeriod = absl::Hours(24);

template <class... Parts>
absl::Status Refused(const Parts&... why) {
  return absl::InvalidArgumentError(absl::StrCat(why...));
}

// What follows the kind, as it is stored; nullopt: it cannot be.
using Name = std::optional<std::string>;

Name AccountName(const std::string& text) {
  uint64_t number = 0;
  const bool digits = std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (!digits || !absl::SimpleAtoi(text, &number)) return std::nullopt;
  return absl::StrCat(number);
}

Name ListName(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  const Name account = AccountName(parts.first);
  const Name list = AccountName(parts.second);
  if (!account || !list) return std::nullopt;
  return absl::StrCat(*account, "/", *list);
}

// Empty: by MX.
Name ChannelName(const std::string& text) {
  const auto fits = [](unsigned char c) { return c > ' ' && c != 0x7f && c != '/' && c != '*'; };
  if (text.size() > kLongestChannel || !std::all_of(text.begin(), text.end(), fits)) {
    return std::nullopt;
  }
  return text;
}

Name DestinationName(const std::string& text) {
  if (!smtp::IsDomainName(text, true) && !smtp::IsAddressLiteral(text)) return std::nullopt;
  return smtp::NormalizedDomain(text);
}

Name LaneName(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() != 4) return std::nullopt;
  const Name list = ListName(absl::StrCat(parts[0], "/", parts[1]));
  const Name channel = ChannelName(parts[2]);
  // <postmaster> has no domain.
  const Name destination = parts[3].empty() ? parts[3] : DestinationName(parts[3]);
  if (!list || !channel || !destination) return std::nullopt;
  return absl::StrCat(*list, "/", *channel, "/", *destination);
}

struct Kind {
  const char* name;
  const char* form;
  Name (*parse)(const std::string& text);
  bool has_throttles;
};
constexpr Kind kKinds[] = {
    {"account", "account:N, a number", AccountName, true},
    {"channel", "channel:NAME, without spaces, \"/\" and \"*\"", ChannelName, true},
    {"destination", "destination:DOMAIN, a domain name or an address in brackets", DestinationName,
     true},
    {"list", "list:ACCOUNT/LIST, two numbers", ListName, false},
    {"lane", "lane:ACCOUNT/LIST/CHANNEL/DESTINATION", LaneName, false},
};

absl::StatusOr<std::string> ParseScope(const std::string& text, bool throttle) {
  if (text.size() > kLongestScope) return Refused("scope: longer than ", kLongestScope, " bytes");
  if (text == "all" && !throttle) return text;
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  for (const Kind& kind : kKinds) {
    if (parts.first != kind.name || text == kind.name || (throttle && !kind.has_throttles)) {
      continue;
    }
    if (parts.second == "*" && kind.has_throttles) {
      if (throttle) return text;
      return Refused("scope: \"", text, "\" is for throttles only; all holds everything");
    }
    const Name name = kind.parse(parts.second);
    if (!name) return Refused("scope: \"", text, "\" is not ", kind.form);
    return absl::StrCat(kind.name, ":", *name);
  }
  return Refused("scope: \"", text, "\" is none of ",
                 throttle ? "account:N, channel:NAME, destination:DOMAIN (* for each)"
                          : "all, account:N, list:ACCOUNT/LIST, channel:NAME, destination:DOMAIN, "
                            "lane:LANE");
}

}  // namespace

absl::StatusOr<std::string> HoldScope(const std::string& text) { return ParseScope(text, false); }

absl::StatusOr<std::string> ThrottleScope(const std::string& text) {
  return ParseScope(text, true);
}

bool Holds(const std::string& scope, const std::string& lane) {
  const std::vector<std::string> parts = absl::StrSplit(lane, absl::MaxSplits('/', 3));
  if (parts.size() != 4) return false;
  return scope == "all" || scope == "account:" + parts[0] ||
         scope == absl::StrCat("list:", parts[0], "/", parts[1]) ||
         scope == "channel:" + parts[2] || scope == "destination:" + parts[3] ||
         scope == "lane:" + lane;
}

absl::Status CheckReason(const std::string& reason) {
  if (reason.size() <= kLongestReason) return absl::OkStatus();
  return Refused("reason: longer than ", kLongestReason, " characters");
}

absl::Status CheckSelector(v1::Selector* selector) {
  if (selector->has_list_id() && selector->account_id() == 0) {
    return Refused("list_id: needs account_id, whose list it is");
  }
  if (selector->class_() < 0 || selector->class_() > 5) {
    return Refused("class: ", selector->class_(), " is not 1…5, or 0 for any");
  }
  if (!v1::DeliveryState_IsValid(selector->state())) {
    return Refused("state: ", selector->state(), " is not 1…", v1::DeliveryState_MAX,
                   ", or 0 for any");
  }
  if (rpc::FromProto(selector->older_than()) < absl::ZeroDuration()) {
    return Refused("older_than: is negative; 0 is the least");
  }
  if (selector->lane().empty()) return absl::OkStatus();
  if (selector->lane().size() > kLongestScope) {
    return Refused("lane: longer than ", kLongestScope, " bytes");
  }
  Name lane = LaneName(selector->lane());
  if (!lane) {
    return Refused("lane: \"", selector->lane(), "\" is not ACCOUNT/LIST/CHANNEL/DESTINATION");
  }
  selector->set_lane(*std::move(lane));
  return absl::OkStatus();
}

absl::Status CheckChange(v1::ChangeDeliveriesRequest* request) {
  if (request->selector().ByteSizeLong() == 0) {
    return Refused("selector: says nothing; name at least one thing");
  }
  const absl::Status selector = CheckSelector(request->mutable_selector());
  if (!selector.ok()) return selector;
  if (request->change() == v1::DELIVERY_CHANGE_UNSPECIFIED) return Refused("change: is not set");
  if (!v1::DeliveryChange_IsValid(request->change())) {
    return Refused("change: ", request->change(), " is not 1…", v1::DeliveryChange_MAX);
  }
  if (request->change() == v1::DELIVERY_CHANGE_REROUTE && !request->channel().empty()) {
    const absl::Status channel = CheckChannel(request->channel());
    if (!channel.ok()) return channel;
  }
  return CheckReason(request->reason());
}

absl::Status CheckThrottle(const v1::Throttle& throttle) {
  if (throttle.messages() < 0) return Refused("messages: is negative");
  if (throttle.burst() < 0) return Refused("burst: is negative");
  if (throttle.recipients_per_day() < 0) return Refused("recipients_per_day: is negative");
  if (throttle.concurrency() < 0) return Refused("concurrency: is negative");
  if (!throttle.has_per()) return absl::OkStatus();
  const absl::Duration per = rpc::FromProto(throttle.per());
  if (per <= absl::ZeroDuration() || per > kLongestPeriod) {
    return Refused("per: is not more than 0 and at most a day");
  }
  return absl::OkStatus();
}

bool HasLimits(const v1::Throttle& throttle) {
  return throttle.messages() > 0 || throttle.recipients_per_day() > 0 || throttle.concurrency() > 0;
}

}  // namespace staffetta::queue
