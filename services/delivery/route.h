#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace staffetta::delivery {

// An operator's rule (configuration delivery.routes).
struct RouteRule {
  std::string domain;  // lower case; "*.example.com" is its subdomains, "*" everything
  std::string host;    // name or address
  uint16_t port = 25;
};

// Captured instead of sent (SPEC D13). So is what comes back to the return path, until bounces are
// processed (SPEC S12): it belongs to account 0 and waits in its inbox.
struct SandboxRoute {
  friend bool operator==(const SandboxRoute&, const SandboxRoute&) = default;
};
// The operator chose the server.
struct FixedRoute {
  std::string host;
  uint16_t port = 25;
  friend bool operator==(const FixedRoute&, const FixedRoute&) = default;
};
// DNS decides (RFC 5321 §5).
struct MxRoute {
  std::string domain;
  friend bool operator==(const MxRoute&, const MxRoute&) = default;
};
// The channel's name is not known: nothing may leave.
struct NoRoute {
  friend bool operator==(const NoRoute&, const NoRoute&) = default;
};
using Route = std::variant<SandboxRoute, FixedRoute, MxRoute, NoRoute>;

// The way of a delivery. The first rule that matches wins; without one DNS decides. `destination`
// is in lower case. Pure.
Route ChooseRoute(std::string_view channel, std::string_view destination,
                  const std::vector<RouteRule>& rules);

// What shares connections and their limit: "relay.example.net:25", or the domain.
std::string SiteKey(const Route& route);

}  // namespace staffetta::delivery
