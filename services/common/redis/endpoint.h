#pragma once

// Where a Redis is.

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace staffetta::redis {

struct Endpoint {
  std::string unix_path;  // not empty: a Unix socket, and host and port mean nothing
  std::string host;       // a name or an address, IPv6 without brackets
  uint16_t port = 6379;
  std::string username;  // ACL user; empty: the default user
  std::string password;  // empty: no AUTH is sent
  int database = 0;      // not 0: SELECT is sent on each new connection

  // Takes `unix:/path`, `host:port`, `[v6]:port` and
  // `redis://[[user]:password@]host[:port][/database]` (user and password percent-encoded).
  // INVALID_ARGUMENT otherwise; the message never repeats a password.
  static absl::StatusOr<Endpoint> Parse(std::string_view text);

  // For people and logs: never has the password.
  std::string ToString() const;
};

}  // namespace staffetta::redis
