#include "common/base/endpoint.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "common/base/text.h"

namespace staffetta {
namespace {

constexpr size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

template <class... Parts>
absl::Status Refused(std::string_view text, const Parts&... why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", ToAbsl(text), "\" ", why...));
}

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

bool IsIpv6(std::string_view host) {
  boost::system::error_code bad;
  boost::asio::ip::make_address_v6(std::string(host), bad);
  return !bad;
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty()) return Refused(text, "names no path; write it like unix:/run/name.sock");
    if (path.size() > kLongestPath) {
      return Refused(text, "is a path of more than ", kLongestPath, " bytes");
    }
    return Endpoint{.path = std::string(path)};
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return Refused(text, "has no port; write it like host:port, [::1]:port or unix:/path");
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
      IsIpv6(host.substr(1, host.size() - 2))) {
    host = host.substr(1, host.size() - 2);
  } else if (!IsHostName(host)) {
    return Refused(text, "is no endpoint; write it like host:port, [::1]:port or unix:/path");
  }
  int port = 0;
  if (digits.empty() || digits.size() > 5 ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(ToAbsl(digits), &port) || port > 65535) {
    return Refused(text, "has a port that is not 0 to 65535");
  }
  return Endpoint{.host = std::string(host), .port = static_cast<uint16_t>(port)};
}

bool IsLocal(const Endpoint& endpoint) {
  if (endpoint.is_unix() || absl::EqualsIgnoreCase(endpoint.host, "localhost")) return true;
  boost::system::error_code bad;
  const auto address = boost::asio::ip::make_address(endpoint.host, bad);
  return !bad && address.is_loopback();
}

}  // namespace staffetta
