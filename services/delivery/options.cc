#include "delivery/options.h"

#include "common/base/check.h"
#include "common/base/config.h"
#include "common/base/endpoint.h"
#include "common/base/units.h"
#include "common/smtp/idna.h"

namespace staffetta::delivery {
namespace {

// In the form of destinations.
std::string NormalizedPattern(const std::string& domain) {
  const size_t wildcard = domain.starts_with("*.") ? 2 : 0;
  return domain.substr(0, wildcard) + smtp::NormalizedDomain(domain.substr(wildcard));
}

}  // namespace

Options OptionsFrom(const config::v1::Config& config, const std::string& hostname) {
  const config::v1::Delivery& delivery = config.delivery();
  Options options;
  options.hostname = config.hostname().empty() ? hostname : config.hostname();
  options.helo = delivery.helo().empty() ? options.hostname : delivery.helo();
  for (const config::v1::Route& route : delivery.routes()) {
    const absl::StatusOr<Endpoint> to = ParseEndpoint(route.to());
    CHECK(to.ok());
    options.routes.push_back({NormalizedPattern(route.domain()), to->host, to->port});
  }
  options.port = static_cast<uint16_t>(delivery.port());
  for (const std::string& text : delivery.allow_networks()) {
    const absl::StatusOr<Network> network = ParseNetwork(text);
    CHECK(network.ok());
    options.allow_networks.push_back(*network);
  }
  options.connections_per_site = delivery.connections_per_site();
  options.express_connections = delivery.express_connections();
  options.prefetch = delivery.prefetch();
  options.express_prefetch = delivery.express_prefetch();
  options.express_realtime = delivery.express_realtime();
  options.recipients_per_transaction = delivery.recipients_per_transaction();
  options.retry = {DurationOf(delivery.first_retry()), DurationOf(delivery.longest_retry())};
  options.delay = {DurationOf(delivery.delay_warning()), delivery.delay_warning_unasked()};
  options.trust_file = delivery.trust_file();
  options.connect_timeout = DurationOf(delivery.connect_timeout());
  options.reply_timeout = DurationOf(delivery.reply_timeout());
  options.final_timeout = DurationOf(delivery.final_timeout());
  options.idle_timeout = DurationOf(delivery.idle_timeout());
  if (!delivery.egress_rate().empty()) options.egress_rate = BytesOf(delivery.egress_rate());
  options.sandbox_messages = delivery.sandbox_messages();
  options.max_whole_content = BytesOf(delivery.max_whole_content());
  options.dns.servers.assign(config.dns().servers().begin(), config.dns().servers().end());
  options.dns.timeout = DurationOf(config.dns().timeout());
  return options;
}

}  // namespace staffetta::delivery
