#include "common/base/network.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/base/text.h"

namespace staffetta {
namespace {

using Bytes = std::array<uint8_t, 16>;

constexpr int kMappedPrefix = 96;  // ::ffff:0:0/96

Bytes BytesOf(const asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  const auto v4 = address.to_v4().to_bytes();
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, v4[0], v4[1], v4[2], v4[3]};
}

bool IsMapped(const Bytes& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

bool IsIpv4(const Network& network) {
  return network.prefix >= kMappedPrefix && IsMapped(network.address);
}

Bytes Masked(Bytes bytes, int prefix) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(prefix - 8 * i, 0, 8);
    bytes[i] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return bytes;
}

struct Block {
  uint32_t address;
  int prefix;
};

bool IsPublicIpv4(uint32_t address) {
  // IANA IPv4 Special-Purpose Address Registry, what is not globally reachable, and multicast.
  constexpr Block kSpecial[] = {
      {0x00000000, 8},   // this network; 0.0.0.0
      {0x0a000000, 8},   // private
      {0x64400000, 10},  // shared: carrier-grade NAT
      {0x7f000000, 8},   // loopback
      {0xa9fe0000, 16},  // link-local, with the clouds' metadata servers
      {0xac100000, 12},  // private
      {0xc0000000, 24},  // IETF protocols
      {0xc0000200, 24},  // documentation
      {0xc0586300, 24},  // 6to4 relays
      {0xc0a80000, 16},  // private
      {0xc6120000, 15},  // benchmarking
      {0xc6336400, 24},  // documentation
      {0xcb007100, 24},  // documentation
      {0xe0000000, 4},   // multicast
      {0xf0000000, 4},   // reserved, broadcast
  };
  for (const Block& block : kSpecial) {
    if (((address ^ block.address) >> (32 - block.prefix)) == 0) return false;
  }
  return true;
}

uint32_t Word(const Bytes& bytes, int offset) {
  return uint32_t{bytes[offset]} << 24 | uint32_t{bytes[offset + 1]} << 16 |
         uint32_t{bytes[offset + 2]} << 8 | bytes[offset + 3];
}

bool IsPublicIpv6(const Bytes& bytes) {
  const uint32_t head = Word(bytes, 0);
  // 64:ff9b::/96, the well-known NAT64 prefix; 64:ff9b:1::/48 is for local use.
  if (head == 0x0064ff9b && Word(bytes, 4) == 0 && Word(bytes, 8) == 0) {
    return IsPublicIpv4(Word(bytes, 12));
  }
  if (head >> 16 == 0x2002) return IsPublicIpv4(Word(bytes, 2));  // 6to4
  if (head >> 29 != 1) return false;                // only 2000::/3 is given out as global unicast
  if (head >> 9 == 0x20010000U >> 9) return false;  // 2001::/23: Teredo, benchmarking, ORCHID
  if (head == 0x20010db8) return false;             // documentation
  return head >> 12 != 0x3fff0;                     // documentation, 3fff::/20
}

}  // namespace

bool Network::Contains(const asio::ip::address& candidate) const {
  const Bytes bytes = BytesOf(candidate);
  if (IsMapped(bytes) && !IsIpv4(*this)) return false;
  return Masked(bytes, prefix) == address;
}

std::string Network::ToString() const {
  const bool ipv4 = IsIpv4(*this);
  const std::string text = ipv4 ? asio::ip::make_address_v4(Word(address, 12)).to_string()
                                : asio::ip::make_address_v6(address).to_string();
  return prefix == 128 ? text : absl::StrCat(text, "/", ipv4 ? prefix - kMappedPrefix : prefix);
}

bool IsInAny(const std::vector<Network>& networks, const asio::ip::address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&address](const Network& network) { return network.Contains(address); });
}

bool IsInAny(const std::vector<Network>& networks, const std::string& address) {
  boost::system::error_code bad;
  const asio::ip::address parsed = asio::ip::make_address(address, bad);
  return !bad && IsInAny(networks, parsed);
}

absl::StatusOr<Network> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  boost::system::error_code bad;
  const std::string host(text.substr(0, slash));
  const asio::ip::address parsed = asio::ip::make_address(host, bad);
  // A scope ("fe80::1%eth0") belongs to an interface, not to a network.
  if (bad || host.find('%') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", ToAbsl(text),
                     "\" is not a network; write it like 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7"));
  }
  const int longest = parsed.is_v4() ? 32 : 128;
  int prefix = longest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const bool number =
        !digits.empty() && digits.size() <= 3 &&
        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!number || !absl::SimpleAtoi(ToAbsl(digits), &prefix) || prefix > longest) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", ToAbsl(text), "\" has a prefix that is not 0 to ", longest));
    }
  }
  const Bytes bytes = BytesOf(parsed);
  if (parsed.is_v4()) prefix += kMappedPrefix;
  const Network network{Masked(bytes, prefix), prefix};
  if (network.address != bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", ToAbsl(text), "\" has bits set beyond its prefix; the network is ",
                     network.ToString()));
  }
  return network;
}

bool IsPublic(const asio::ip::address& address) {
  const Bytes bytes = BytesOf(address);
  return IsMapped(bytes) ? IsPublicIpv4(Word(bytes, 12)) : IsPublicIpv6(bytes);
}

}  // namespace staffetta
