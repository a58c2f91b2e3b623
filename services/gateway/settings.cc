#include "gateway/settings.h"

#include "common/base/config.h"
#include "common/base/units.h"

namespace staffetta::gateway {

Options OptionsFrom(const config::v1::Config& config, const std::string& hostname,
                    const std::string& tls_certificate, const std::string& tls_key) {
  const config::v1::Gateway& from = config.gateway();
  Options options;
  options.session = {
      .hostname = hostname,
      .require_tls = from.require_tls(),
      .auth_without_tls = from.auth_without_tls(),
      .strict_newlines = from.strict_newlines(),
      .max_message_size = BytesOf(from.max_message_size()),
      .max_recipients = from.max_recipients(),
      .max_line = static_cast<size_t>(BytesOf(from.max_line())),
      .max_command = static_cast<size_t>(BytesOf(from.max_command())),
      .max_header = static_cast<size_t>(BytesOf(from.max_header())),
      .max_errors = from.max_errors(),
      .max_received = from.max_received(),
      .command_timeout = DurationOf(from.command_timeout()),
      .data_timeout = DurationOf(from.data_timeout()),
      .session_timeout = DurationOf(from.session_timeout()),
  };
  auto ports = ParsePorts(from.ports());
  if (ports.ok()) options.ports = *std::move(ports);
  options.address = from.address();
  options.tls_certificate = tls_certificate;
  options.tls_key = tls_key;
  options.max_sessions = from.max_sessions();
  options.max_sessions_per_address = from.max_sessions_per_address();
  options.max_memory = BytesOf(from.max_memory());
  options.drain_timeout = DurationOf(from.drain_timeout());
  options.remember_networks = DurationOf(config.auth().remember());
  return options;
}

}  // namespace staffetta::gateway
