#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/network.h"
#include "common/net/tls_context.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::gateway {

// What a port does about TLS (SPEC S2).
enum class TlsPolicy { kNone, kOptional, kRequired, kImplicit };

// One port to listen on.
struct Listening {
  uint16_t port = 0;
  TlsPolicy tls = TlsPolicy::kOptional;
  bool proxy = false;  // each connection begins with a PROXY header (SPEC S7)

  friend bool operator==(const Listening&, const Listening&) = default;
};

// What a session obeys; the section Gateway of config.proto explains each.
struct Settings {
  std::string hostname = "localhost";
  bool auth_without_tls = true;
  bool auth_plus = true;
  bool auth_tokens = false;  // an issuer is configured
  bool strict_newlines = false;
  int64_t max_message_size = 25 << 20;
  int max_recipients = 1000;
  size_t max_line = 998;
  size_t max_command = 4096;
  size_t max_header = 256 << 10;
  size_t stream_from = 256 << 10;
  size_t max_header_fields = 1000;
  size_t max_mime_depth = 100;
  int max_errors = 20;
  int max_received = 50;
  absl::Duration command_timeout = absl::Minutes(5);
  absl::Duration data_timeout = absl::Minutes(3);
  size_t data_block = 1024;
  absl::Duration session_timeout = absl::Hours(1);
  absl::Duration handshake_timeout = absl::Seconds(30);
  absl::Duration banner_delay;
  absl::Duration max_hold = absl::Hours(60 * 24);
  absl::Duration lifetime = absl::Hours(5 * 24);  // of a message in the queue
  std::vector<Network> xclient_networks;
  std::string return_path_domain;  // lower case; empty: none
  int partitions = 1;              // of the queue
};

// What the gateway as a whole obeys.
struct Options {
  Settings session;
  std::vector<Listening> listeners;  // by port
  std::string address = "::";
  std::vector<net::CertificateFiles> certificates;  // none: no TLS
  std::vector<Network> proxy_networks;
  int max_sessions = 10000;
  int max_sessions_per_address = 1000;
  int max_sessions_per_user = 500;
  int64_t max_memory = 512 << 20;
  absl::Duration drain_timeout = absl::Seconds(30);
  absl::Duration remember_networks = absl::Seconds(30);
};

// From a configuration that LoadConfig has checked. `hostname` is the one in force; `own` is served
// where the configuration names no certificate.
Options OptionsFrom(const config::v1::Config& config, const std::string& hostname,
                    const net::CertificateFiles& own);

}  // namespace staffetta::gateway
