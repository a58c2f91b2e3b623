#pragma once

// The PROXY protocol's header, versions 1 (a line) and 2 (binary), as its specification by HAProxy
// (proxy-protocol.txt, 2020) has it. Who may send one is not a matter of grammar.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace staffetta::smtp {

// What a proxy tells in front of a connection.
struct ProxyHeader {
  std::string client_address;  // text; empty: the proxy speaks for itself (LOCAL, UNKNOWN)
  uint16_t client_port = 0;

  friend bool operator==(const ProxyHeader&, const ProxyHeader&) = default;
};

// A beginning of a header: at least so many octets more belong to it.
struct ProxyNeedsMore {
  size_t octets = 0;

  friend bool operator==(const ProxyNeedsMore&, const ProxyNeedsMore&) = default;
};

// No header, and none will become of it. The connection has to be closed.
struct NoProxyHeader {
  friend bool operator==(const NoProxyHeader&, const NoProxyHeader&) = default;
};

// `octets` is what has come so far, from the connection's first on. Who reads as many as
// ProxyNeedsMore says, starting with none, never reads beyond the header.
std::variant<ProxyHeader, ProxyNeedsMore, NoProxyHeader> ParseProxyHeader(std::string_view octets);

}  // namespace staffetta::smtp
