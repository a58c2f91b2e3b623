#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace staffetta {

namespace asio = boost::asio;

// A block of addresses (CIDR, RFC 4632 and RFC 4291 §2.3). IPv4 is kept as IPv4-mapped IPv6, so
// that a client seen through a dual-stack socket is the same client.
struct Network {
  std::array<uint8_t, 16> address{};  // bits beyond the prefix are 0
  int prefix = 128;                   // 0…128; an IPv4 network's is 96 + its own

  // IPv4 addresses, mapped or not, are in IPv4 networks only: "::/0" is all of IPv6.
  bool Contains(const asio::ip::address& candidate) const;

  // "10.0.0.0/8"; a single address without its prefix: "::1".
  std::string ToString() const;

  friend bool operator==(const Network&, const Network&) = default;
};

// Whether one of them contains it. A text that is no address is in none.
bool IsInAny(const std::vector<Network>& networks, const asio::ip::address& address);
bool IsInAny(const std::vector<Network>& networks, const std::string& address);

// "10.0.0.0/8", "2001:db8::/32", or a single address. INVALID_ARGUMENT with the reason otherwise;
// bits set beyond the prefix are refused with the network that was probably meant.
absl::StatusOr<Network> ParseNetwork(std::string_view text);

// May mail and webhooks go there whatever name resolves to it? False for private, loopback,
// link-local, shared (CGNAT), unique local, multicast, unspecified, reserved, benchmarking and
// documentation addresses (RFC 6890 and its registries), and for IPv6 forms that lead to such an
// IPv4 address: mapped, NAT64 (RFC 6052), 6to4.
bool IsPublic(const asio::ip::address& address);

}  // namespace staffetta
