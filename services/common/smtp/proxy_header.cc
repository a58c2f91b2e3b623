#include "common/smtp/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "common/smtp/ascii.h"

namespace staffetta::smtp {
namespace {

using Parse = std::variant<ProxyHeader, ProxyNeedsMore, NoProxyHeader>;

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixedPart = 16;     // of version 2: signature, command, family, length
constexpr size_t kMostBehind = 4096;  // addresses and TLVs; the specification allows 65,535
constexpr std::string_view kFirstWord = "PROXY ";
constexpr std::string_view kShortestLine = "PROXY UNKNOWN\r\n";
constexpr size_t kLongestLine = 107;  // with its CRLF

bool BeginsAlike(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  return a.substr(0, common) == b.substr(0, common);
}

// --- Version 1

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return {};
  uint32_t port = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return {};
    port = port * 10 + (c - '0');
  }
  if (port > 65535) return {};
  return static_cast<uint16_t>(port);
}

// In the one way to write it; nullopt: it is no address of that family.
std::optional<std::string> Canonical(int family, std::string_view text) {
  unsigned char address[16];
  char written[INET6_ADDRSTRLEN];
  if (inet_pton(family, std::string(text).c_str(), address) != 1) return {};
  return inet_ntop(family, address, written, sizeof written);
}

Parse ParseLine(std::string_view line) {
  const std::vector<std::string_view> words = Words(line);
  if (words.size() >= 2 && words[1] == "UNKNOWN") return ProxyHeader();
  if (words.size() != 6) return NoProxyHeader();
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  if (family == AF_INET6 && words[1] != "TCP6") return NoProxyHeader();
  auto client = Canonical(family, words[2]);
  const auto port = ParsePort(words[4]);
  if (!client || !port || !Canonical(family, words[3]) || !ParsePort(words[5])) {
    return NoProxyHeader();
  }
  return ProxyHeader{*std::move(client), *port};
}

Parse ParseVersion1(std::string_view octets) {
  if (octets.size() < kShortestLine.size()) {
    return ProxyNeedsMore{kShortestLine.size() - octets.size()};
  }
  if (octets.substr(octets.size() - 2) == "\r\n")
    return ParseLine(octets.substr(0, octets.size() - 2));
  if (octets.size() >= kLongestLine || octets.find('\n') != std::string_view::npos) {
    return NoProxyHeader();
  }
  return ProxyNeedsMore{octets.back() == '\r' ? 1U : 2U};
}

// --- Version 2

uint16_t Number(std::string_view octets) {
  return static_cast<uint16_t>(static_cast<uint8_t>(octets[0]) << 8 |
                               static_cast<uint8_t>(octets[1]));
}

// `octets` is source, destination, and their ports.
ProxyHeader Client(int family, std::string_view octets) {
  const size_t size = family == AF_INET ? 4 : 16;
  char written[INET6_ADDRSTRLEN];
  inet_ntop(family, octets.data(), written, sizeof written);
  return {written, Number(octets.substr(2 * size))};
}

Parse ParseVersion2(std::string_view octets) {
  if (octets.size() < kFixedPart) return ProxyNeedsMore{kFixedPart - octets.size()};
  enum Command : uint8_t { kLocal = 0x20, kProxy = 0x21 };
  enum Family : uint8_t { kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnixStream = 0x31 };
  const auto command = static_cast<uint8_t>(octets[12]);
  const auto family = static_cast<uint8_t>(octets[13]);
  const size_t behind = Number(octets.substr(14));
  if ((command != kLocal && command != kProxy) || behind > kMostBehind) return NoProxyHeader();
  const size_t size = kFixedPart + behind;
  if (octets.size() < size) return ProxyNeedsMore{size - octets.size()};
  // What is behind counts only for a connection that the proxy carries by TCP.
  if (command == kLocal || family == kUnspecified || family == kUnixStream) return ProxyHeader();
  const std::string_view addresses = octets.substr(kFixedPart, behind);
  if (family == kTcp4 && behind >= 12) return Client(AF_INET, addresses);
  if (family == kTcp6 && behind >= 36) return Client(AF_INET6, addresses);
  return NoProxyHeader();
}

}  // namespace

Parse ParseProxyHeader(std::string_view octets) {
  if (octets.empty()) return ProxyNeedsMore{kShortestLine.size()};
  if (BeginsAlike(octets, kSignature)) return ParseVersion2(octets);
  if (BeginsAlike(octets, kFirstWord)) return ParseVersion1(octets);
  return NoProxyHeader();
}

}  // namespace staffetta::smtp
