#include "delivery/route.h"

namespace staffetta::delivery {
namespace {

bool Matches(std::string_view pattern, std::string_view domain) {
  if (pattern == "*") return true;
  if (pattern.starts_with("*.")) {
    const std::string_view suffix = pattern.substr(1);
    return domain.size() > suffix.size() && domain.ends_with(suffix);
  }
  return pattern == domain;
}

struct KeyOf {
  std::string operator()(const SandboxRoute&) const { return "sandbox"; }
  std::string operator()(const FixedRoute& route) const {
    return route.host + ":" + std::to_string(route.port);
  }
  std::string operator()(const MxRoute& route) const { return route.domain; }
  std::string operator()(const NoRoute&) const { return ""; }
};

}  // namespace

Route ChooseRoute(std::string_view channel, std::string_view destination,
                  const std::vector<RouteRule>& rules) {
  if (channel == "sandbox" || channel == "returns") return SandboxRoute{};
  if (channel != "shared") return NoRoute{};
  for (const RouteRule& rule : rules) {
    if (Matches(rule.domain, destination)) return FixedRoute{rule.host, rule.port};
  }
  return MxRoute{std::string(destination)};
}

std::string SiteKey(const Route& route) { return std::visit(KeyOf{}, route); }

}  // namespace staffetta::delivery
