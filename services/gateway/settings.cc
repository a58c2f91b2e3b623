#include "gateway/settings.h"

#include <absl/strings/ascii.h>

#include <map>

#include "common/base/check.h"
#include "common/base/config.h"
#include "common/base/units.h"

namespace staffetta::gateway {
namespace {

TlsPolicy PolicyOf(const std::string& word) {
  if (word == "none") return TlsPolicy::kNone;
  if (word == "required") return TlsPolicy::kRequired;
  if (word == "implicit") return TlsPolicy::kImplicit;
  return TlsPolicy::kOptional;
}

// Collects ports; what comes later counts. Each 0 is a port of its own.
class Listeners {
 public:
  void Add(const std::string& ports, TlsPolicy tls, bool proxy) {
    if (ports.empty()) return;
    const auto parsed = ParsePorts(ports);
    CHECK(parsed.ok());
    for (const uint16_t port : *parsed) {
      const Listening listening{port, tls, proxy};
      if (port == 0) {
        any_.push_back(listening);
      } else {
        by_port_[port] = listening;
      }
    }
  }

  std::vector<Listening> All() && {
    for (const auto& [port, listening] : by_port_) any_.push_back(listening);
    return std::move(any_);
  }

 private:
  std::vector<Listening> any_;
  std::map<uint16_t, Listening> by_port_;
};

template <class Texts>
std::vector<Network> NetworksOf(const Texts& texts) {
  std::vector<Network> networks;
  for (const std::string& text : texts) {
    const auto network = ParseNetwork(text);
    CHECK(network.ok());
    networks.push_back(*network);
  }
  return networks;
}

}  // namespace

Options OptionsFrom(const config::v1::Config& config, const std::string& hostname,
                    const net::CertificateFiles& own) {
  const config::v1::Gateway& from = config.gateway();
  Options options;
  options.session = {
      .hostname = hostname,
      .auth_without_tls = from.auth_without_tls(),
      .auth_plus = from.auth_plus(),
      .auth_tokens = config.auth().oauth_issuers_size() > 0,
      .strict_newlines = from.strict_newlines(),
      .max_message_size = BytesOf(from.max_message_size()),
      .max_recipients = from.max_recipients(),
      .max_line = static_cast<size_t>(BytesOf(from.max_line())),
      .max_command = static_cast<size_t>(BytesOf(from.max_command())),
      .max_header = static_cast<size_t>(BytesOf(from.max_header())),
      .stream_from = static_cast<size_t>(BytesOf(from.stream_from())),
      .max_header_fields = static_cast<size_t>(from.max_header_fields()),
      .max_mime_depth = static_cast<size_t>(from.max_mime_depth()),
      .max_errors = from.max_errors(),
      .max_received = from.max_received(),
      .command_timeout = DurationOf(from.command_timeout()),
      .data_timeout = DurationOf(from.data_timeout()),
      .data_block = static_cast<size_t>(BytesOf(from.data_block())),
      .session_timeout = DurationOf(from.session_timeout()),
      .handshake_timeout = DurationOf(from.handshake_timeout()),
      .banner_delay = DurationOf(from.banner_delay()),
      .max_hold = DurationOf(from.max_hold()),
      .lifetime = DurationOf(config.queue().lifetime()),
      .xclient_networks = NetworksOf(from.xclient_networks()),
      .return_path_domain = absl::AsciiStrToLower(from.return_path_domain()),
      .partitions = config.queue().partitions(),
  };
  Listeners listeners;
  listeners.Add(from.ports(), from.require_tls() ? TlsPolicy::kRequired : TlsPolicy::kOptional,
                false);
  listeners.Add(from.tls_ports(), TlsPolicy::kImplicit, false);
  for (const auto& listener : from.listeners()) {
    listeners.Add(listener.ports(), PolicyOf(listener.tls()), listener.proxy());
  }
  options.listeners = std::move(listeners).All();
  options.address = from.address();
  if (!from.tls_certificate().empty()) {
    options.certificates.push_back({from.tls_certificate(), from.tls_key()});
  }
  for (const auto& pair : from.certificates()) {
    options.certificates.push_back({pair.certificate(), pair.key()});
  }
  if (options.certificates.empty()) options.certificates.push_back(own);
  options.proxy_networks = NetworksOf(from.proxy_networks());
  options.max_sessions = from.max_sessions();
  options.max_sessions_per_address = from.max_sessions_per_address();
  options.max_sessions_per_user = from.max_sessions_per_user();
  options.max_memory = BytesOf(from.max_memory());
  options.drain_timeout = DurationOf(from.drain_timeout());
  options.remember_networks = DurationOf(config.auth().remember());
  return options;
}

}  // namespace staffetta::gateway
