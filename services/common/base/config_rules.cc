#include "common/base/config_rules.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <limits>
#include <map>
#include <set>

#include "common/base/config.h"
#include "common/base/endpoint.h"
#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/network.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "common/smtp/address.h"

namespace staffetta {
namespace {

using config::v1::Config;
using google::protobuf::FieldDescriptor;

// "Gateway.max_recipients": the same for a key wherever its message stands.
std::string NameOf(const FieldDescriptor& field) {
  return absl::StrCat(field.containing_type()->name(), ".", field.name());
}

struct Range {
  int64_t least = 0;
  int64_t most = std::numeric_limits<int64_t>::max();
};

Range RangeOf(const FieldDescriptor& field) {
  const struct {
    std::string_view name;
    Range range;
  } kRanges[] = {
      {"Config.threads", {0, 1024}},
      {"Gateway.max_recipients", {100, 10'000}},  // RFC 5321 §4.5.3.1.8; the queue takes no more
      {"Gateway.max_sessions", {1}},
      {"Gateway.max_sessions_per_address", {1}},
      {"Gateway.max_sessions_per_user", {1}},
      {"Gateway.max_errors", {1}},
      {"Gateway.max_received", {1}},
      {"Gateway.max_header_fields", {1}},
      {"Gateway.max_mime_depth", {1}},
      {"Auth.free_failures", {1, 10'000}},
      {"Auth.max_failures_per_address", {1, 10'000}},
      {"Auth.max_failures_per_user", {1, 10'000}},
      {"Queue.compression_level", {1, 19}},
      {"Queue.floor_percent", {0, 50}},
      {"Queue.partitions", {1, kMostPartitions}},
      {"Delivery.port", {1, 65535}},
      {"Delivery.connections_per_site", {1}},
      {"Delivery.prefetch", {1, 2000}},  // one lease call gives 1,000, and a worker has two
      {"Delivery.express_prefetch", {0, 2000}},
      {"Delivery.recipients_per_transaction", {1}},
  };
  const std::string name = NameOf(field);
  for (const auto& known : kRanges) {
    if (known.name == name) return known.range;
  }
  return {};
}

bool MayBeZero(std::string_view name) {
  return name == "Auth.remember" || name == "Auth.longest_delay" ||
         name == "Gateway.drain_timeout" || name == "Gateway.banner_delay" ||
         name == "Delivery.first_retry" || name == "Delivery.idle_timeout" ||
         name == "ContentStore.remove_after";
}

template <class... Parts>
absl::Status Refused(const Parts&... why) {
  return absl::InvalidArgumentError(absl::StrCat(why...));
}

bool IsAddress(std::string_view text) {
  boost::system::error_code bad;
  asio::ip::make_address(std::string(text), bad);
  return !bad;
}

absl::Status CheckDuration(std::string_view name, const std::string& value) {
  // Mail of a killed worker waits for so long (SPEC Q2).
  constexpr absl::Duration kLongestLease = absl::Minutes(10);
  const absl::StatusOr<absl::Duration> duration = ParseDuration(value);
  if (!duration.ok()) return duration.status();
  if (*duration == absl::ZeroDuration() && !MayBeZero(name)) {
    return Refused("must be longer than 0");
  }
  if (name == "Queue.lease_time" && *duration > kLongestLease) {
    return Refused("\"", value, "\" is more than ", absl::FormatDuration(kLongestLease),
                   ": for so long the mail of a killed worker waits");
  }
  return absl::OkStatus();
}

absl::Status CheckBytes(std::string_view name, const std::string& value) {
  constexpr int64_t kLeastRate = 1024;
  // Content is queued in at most 10,000 pieces of 256 KiB.
  constexpr int64_t kLargestMessage = 2LL << 30;
  const absl::StatusOr<int64_t> bytes = ParseBytes(value);
  if (!bytes.ok()) return bytes.status();
  if (name == "Delivery.egress_rate" && *bytes < kLeastRate) {
    return Refused("\"", value, "\" is less than 1KiB a second");
  }
  if (name == "Gateway.max_message_size" && *bytes == 0) return Refused("must be more than 0");
  if (name == "Gateway.max_message_size" && *bytes > kLargestMessage) {
    return Refused("\"", value, "\" is more than 2GiB");
  }
  return absl::OkStatus();
}

absl::Status CheckResolver(const std::string& value) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(value, absl::MaxSplits('@', 1));
  const bool with_port = absl::StrContains(value, '@');
  int port = 53;
  if (!IsAddress(parts.first) ||
      (with_port && (!absl::SimpleAtoi(parts.second, &port) || port < 1 || port > 65535))) {
    return Refused("\"", value, "\" is no resolver; write it like 192.0.2.53 or 192.0.2.53@5353");
  }
  return absl::OkStatus();
}

// Keys whose values are more than any text although they have no kind.
absl::Status CheckByName(std::string_view name, const std::string& value) {
  if (name == "Config.hostname" && !smtp::IsDomainName(value)) {
    return Refused("\"", value, "\" is no host name; write it like mail.example.com");
  }
  if (name == "Delivery.helo" && !smtp::IsDomainName(value) && !smtp::IsAddressLiteral(value)) {
    return Refused("\"", value, "\" is no host name and no address like [192.0.2.1]");
  }
  if (name == "Log.level" && !log::IsLevel(value)) {
    return Refused("\"", value, "\" is none of trace, debug, info, warn, error");
  }
  if (name == "Gateway.address" && !IsAddress(value)) {
    return Refused("\"", value, "\" is no IP address");
  }
  if (name == "Listener.tls" && value != "none" && value != "optional" && value != "required" &&
      value != "implicit") {
    return Refused("\"", value, "\" is none of none, optional, required, implicit");
  }
  if (name == "Dns.servers") return CheckResolver(value);
  return absl::OkStatus();
}

}  // namespace

config::v1::Kind KindOf(const FieldDescriptor& field) {
  return field.options().GetExtension(config::v1::kind);
}

absl::Status CheckText(const FieldDescriptor& field, const std::string& value) {
  if (value.empty() && !field.is_repeated() && field.default_value_string().empty()) {
    return absl::OkStatus();
  }
  if (value.find('\0') != std::string::npos) return Refused("contains a NUL");
  const std::string name = NameOf(field);
  switch (KindOf(field)) {
    case config::v1::KIND_DURATION:
      return CheckDuration(name, value);
    case config::v1::KIND_BYTES:
      return CheckBytes(name, value);
    case config::v1::KIND_PORTS:
      return ParsePorts(value).status();
    case config::v1::KIND_NETWORK:
      return ParseNetwork(value).status();
    case config::v1::KIND_ENDPOINT:
      return ParseEndpoint(value).status();
    case config::v1::KIND_FILE:
    case config::v1::KIND_SECRET:
      return absl::OkStatus();
    case config::v1::KIND_UNSPECIFIED:
      return CheckByName(name, value);
  }
  return Refused("is of a kind that nothing checks");
}

absl::Status CheckNumber(const FieldDescriptor& field, int64_t value) {
  const Range range = RangeOf(field);
  if (value < range.least) return Refused(value, " is less than ", range.least);
  if (value > range.most) return Refused(value, " is more than ", range.most);
  return absl::OkStatus();
}

namespace {

Conflict FindContentConflict(const config::v1::ContentStore& content) {
  if (content.address().empty()) {
    const bool login = !content.user().empty() || !content.password().empty() ||
                       !content.password_file().empty() || content.assume_durable();
    return login ? Conflict{"redis.content", "needs address, where the store is"} : Conflict{};
  }
  if (!content.password().empty() && !content.password_file().empty()) {
    return {"redis.content.password_file", "redis.content.password is set too; set one of them"};
  }
  return {};
}

Conflict FindRedisConflict(const config::v1::Redis& redis) {
  if (!redis.password().empty() && !redis.password_file().empty()) {
    return {"redis.password_file", "redis.password is set too; set one of them"};
  }
  for (const auto& [key, addresses] : {std::pair("redis.cluster", &redis.cluster()),
                                       std::pair("redis.sentinels", &redis.sentinels())}) {
    if (addresses->empty()) continue;
    if (!redis.address().empty()) return {key, "redis.address is set too; set one of them"};
    for (const std::string& address : *addresses) {
      if (absl::StartsWith(address, "unix:")) return {key, "must be host:port each"};
    }
  }
  if (!redis.cluster().empty() && !redis.sentinels().empty()) {
    return {"redis.sentinels", "redis.cluster is set too; set one of them"};
  }
  if (redis.sentinels().empty() != redis.master_name().empty()) {
    return redis.master_name().empty()
               ? Conflict{"redis.sentinels", "needs redis.master_name beside it"}
               : Conflict{"redis.master_name", "needs redis.sentinels beside it"};
  }
  if (!redis.sentinel_password_file().empty() && redis.sentinels().empty()) {
    return {"redis.sentinel_password_file", "needs redis.sentinels beside it"};
  }
  if (redis.replicas() > 0 && redis.address().empty() && redis.cluster().empty() &&
      redis.sentinels().empty()) {
    return {"redis.replicas", "the embedded Redis has none; name another Redis"};
  }
  return FindContentConflict(redis.content());
}

Conflict FindAuthConflict(const config::v1::Auth& auth) {
  std::set<std::string> issuers;
  for (int i = 0; i < auth.oauth_issuers_size(); ++i) {
    const auto& issuer = auth.oauth_issuers(i);
    const std::string key = absl::StrCat("auth.oauth_issuers[", i, "]");
    if (issuer.issuer().empty()) return {key, "needs issuer, the claim iss of its tokens"};
    if (issuer.audience().empty()) return {key, "needs audience: tokens for others are not for us"};
    if (issuer.key_file().empty()) return {key, "needs key_file, its public keys"};
    if (issuer.user_claim().empty()) return {key, "needs a user_claim"};
    if (!issuers.insert(issuer.issuer()).second) {
      return {key, absl::StrCat("the issuer ", issuer.issuer(), " stands there already")};
    }
  }
  return {};
}

Conflict FindGatewayConflict(const config::v1::Gateway& gateway) {
  if (gateway.tls_certificate().empty() != gateway.tls_key().empty()) {
    return gateway.tls_key().empty()
               ? Conflict{"gateway.tls_certificate", "needs gateway.tls_key beside it"}
               : Conflict{"gateway.tls_key", "needs gateway.tls_certificate beside it"};
  }
  for (int i = 0; i < gateway.certificates_size(); ++i) {
    const auto& certificate = gateway.certificates(i);
    const std::string key = absl::StrCat("gateway.certificates[", i, "]");
    if (certificate.certificate().empty()) return {key, "needs a certificate"};
    if (certificate.key().empty()) return {key, "needs the key of its certificate"};
  }
  std::map<uint16_t, std::string> taken;
  for (int i = 0; i < gateway.listeners_size(); ++i) {
    const auto& listener = gateway.listeners(i);
    const std::string key = absl::StrCat("gateway.listeners[", i, "]");
    if (listener.ports().empty()) return {key, "needs ports"};
    if (listener.proxy() && gateway.proxy_networks_size() == 0) {
      return {key, "expects PROXY headers, but gateway.proxy_networks names nobody to believe"};
    }
    const auto ports = ParsePorts(listener.ports());
    for (const uint16_t port : *ports) {
      const auto [it, added] = taken.emplace(port, key);
      if (!added && port != 0) return {key, absl::StrCat(it->second, " has port ", port, " too")};
    }
  }
  return {};
}

}  // namespace

Conflict FindConflict(const Config& config) {
  const Conflict gateway = FindGatewayConflict(config.gateway());
  if (!gateway.why.empty()) return gateway;
  const Conflict auth = FindAuthConflict(config.auth());
  if (!auth.why.empty()) return auth;
  const Conflict redis = FindRedisConflict(config.redis());
  if (!redis.why.empty()) return redis;
  const auto& grpc = config.grpc();
  const absl::StatusOr<Endpoint> listen = ParseEndpoint(grpc.listen());
  if (listen.ok() && !IsLocal(*listen) && !grpc.allow_cleartext()) {
    return {"grpc.listen",
            absl::StrCat("\"", grpc.listen(),
                         "\" is neither loopback nor a Unix socket, and calls carry the operator "
                         "key in clear; listen on 127.0.0.1, or set grpc.allow_cleartext: true "
                         "where the network is trusted or encrypted")};
  }
  const auto& delivery = config.delivery();
  if (DurationOf(delivery.first_retry()) > DurationOf(delivery.longest_retry())) {
    return {delivery.has_first_retry() ? "delivery.first_retry" : "delivery.longest_retry",
            absl::StrCat("the first retry (", delivery.first_retry(),
                         ") comes after the longest one (", delivery.longest_retry(), ")")};
  }
  for (int i = 0; i < delivery.routes_size(); ++i) {
    const auto& route = delivery.routes(i);
    const std::string key = absl::StrCat("delivery.routes[", i, "]");
    if (route.domain().empty()) return {key, "needs a domain; \"*\" is all of them"};
    if (route.to().empty()) return {key, "needs `to`, host:port"};
  }
  return {};
}

}  // namespace staffetta
