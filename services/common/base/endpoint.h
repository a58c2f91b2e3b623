#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace staffetta {

// Where a service listens or is reached.
struct Endpoint {
  std::string host;   // name or address, an IPv6 one without brackets; empty: a Unix socket
  uint16_t port = 0;  // listening on 0: any free port
  std::string path;   // of the Unix socket

  bool is_unix() const { return host.empty(); }
};

// "host:port", "[::1]:port" or "unix:/path"; INVALID_ARGUMENT with the reason otherwise. Names are
// not resolved.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

// Does what is sent there stay on this machine? A Unix socket, a loopback address, or "localhost".
bool IsLocal(const Endpoint& endpoint);

}  // namespace staffetta
