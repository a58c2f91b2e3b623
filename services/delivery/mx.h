#pragma once

// Where a route leads: hosts in order of preference, addresses, port (RFC 5321 §5, SPEC D1).

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "common/base/network.h"
#include "common/net/resolver.h"
#include "delivery/outcome.h"
#include "delivery/route.h"

namespace staffetta::delivery {

struct Target {
  std::string host;
  asio::ip::address address;
  uint16_t port = 25;

  // "mx.example.net [192.0.2.1]".
  std::string Label() const;
};

inline constexpr size_t kMaxHosts = 5;
inline constexpr size_t kMaxAddressesPerHost = 4;

// MX hosts by preference, equal ones in random order; at most kMaxHosts. Pure.
std::vector<std::string> OrderHosts(std::vector<net::MxRecord> records, std::mt19937* random);

// At most kMaxAddressesPerHost of them, in their order, of both families when there are both.
std::vector<asio::ip::address> ChooseAddresses(const std::vector<asio::ip::address>& addresses);

struct TargetSearch {
  uint16_t port = 25;                   // of hosts found by MX
  std::vector<Network> allow_networks;  // exceptions to IsPublic
};

struct Targets {
  std::vector<Target> list;  // in the order to try
  Heard trouble;             // why the list is empty
};

// Resolves a fixed or MX route. Only addresses that mail may go to come out: public ones, or
// allowed ones; those of a fixed route were chosen by the operator and are not checked. The caller
// connects to these addresses and resolves nothing again. `resolver`, `search` and `random` must
// outlive it.
Co<Targets> FindTargets(Route route, net::Resolver* resolver, const TargetSearch* search,
                        std::mt19937* random);

}  // namespace staffetta::delivery
