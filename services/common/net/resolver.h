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

// DNS look-ups. Confined to one thread. Names are ASCII (A-labels), absolute with or without the
// final dot; aliases are followed.
//   OK with an empty list: the name exists or not, but has no such record (NODATA, NXDOMAIN), or it
//     is none that DNS could know (an empty or too long label, a character outside of
//     letters, digits, '-' and '_')
//   UNAVAILABLE: SERVFAIL, bogus, malformed; DEADLINE_EXCEEDED: no answer within the time-out;
//   CANCELLED: the coroutine was
// Must outlive its look-ups.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // In order of preference, the order of equals is the answer's.
  virtual Co<absl::StatusOr<std::vector<MxRecord>>> Mx(std::string name) = 0;
  // A and AAAA together; IPv6 first when both exist. What one of the two look-ups found is enough.
  virtual Co<absl::StatusOr<std::vector<asio::ip::address>>> Addresses(std::string name) = 0;
  // Each record's strings joined.
  virtual Co<absl::StatusOr<std::vector<std::string>>> Txt(std::string name) = 0;
};

struct ResolverOptions {
  // "address" or "address@port"; empty: those of /etc/resolv.conf.
  std::vector<std::string> servers;
  absl::Duration timeout = absl::Seconds(10);
};

// libunbound: caches by TTL, hardened against spoofing. Works in a thread of its own. No DNSSEC
// validation: there is no trust anchor. INVALID_ARGUMENT names the server that is no address,
// FAILED_PRECONDITION says why /etc/resolv.conf is of no use.
absl::StatusOr<std::unique_ptr<Resolver>> NewResolver(Executor executor, ResolverOptions options);

}  // namespace staffetta::net
