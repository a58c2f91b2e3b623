#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/base/co.h"

namespace staffetta::net {

struct MxRecord {
  uint16_t preference = 0;
  std::string host;  // lower case, without the final dot; empty: null MX (RFC 7505)
};

// DNS look-ups. Confined to one thread. Names are ASCII (A-labels).
//   OK with an empty list: the name exists or not, but has no such record (NODATA, NXDOMAIN)
//   UNAVAILABLE: SERVFAIL, bogus, no server answered; DEADLINE_EXCEEDED: the time-out passed
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual Co<absl::StatusOr<std::vector<MxRecord>>> Mx(std::string name) = 0;
  // A and AAAA together; IPv6 first when both exist.
  virtual Co<absl::StatusOr<std::vector<asio::ip::address>>> Addresses(std::string name) = 0;
  // Each record's strings joined.
  virtual Co<absl::StatusOr<std::vector<std::string>>> Txt(std::string name) = 0;
};

struct ResolverOptions {
  // "address" or "address@port"; empty: those of /etc/resolv.conf.
  std::vector<std::string> servers;
  absl::Duration timeout = absl::Seconds(10);
};

// libunbound: caches by TTL, hardened against spoofing.
absl::StatusOr<std::unique_ptr<Resolver>> NewResolver(Executor executor, ResolverOptions options);

}  // namespace staffetta::net
