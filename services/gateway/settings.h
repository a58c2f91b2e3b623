#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "staffetta/config/v1/config.pb.h"

namespace staffetta::gateway {

// What a session obeys; the section Gateway of config.proto explains each.
struct Settings {
  std::string hostname = "localhost";
  bool require_tls = false;
  bool auth_without_tls = true;
  bool strict_newlines = false;
  int64_t max_message_size = 25 << 20;
  int max_recipients = 1000;
  size_t max_line = 998;
  size_t max_command = 4096;
  size_t max_header = 256 << 10;
  int max_errors = 20;
  int max_received = 50;
  absl::Duration command_timeout = absl::Minutes(5);
  absl::Duration data_timeout = absl::Minutes(3);
  absl::Duration session_timeout = absl::Hours(1);
};

// What the gateway as a whole obeys.
struct Options {
  Settings session;
  std::vector<uint16_t> ports;
  std::string address = "::";
  std::string tls_certificate;
  std::string tls_key;
  int max_sessions = 10000;
  int max_sessions_per_address = 1000;
  int64_t max_memory = 512 << 20;
  absl::Duration drain_timeout = absl::Seconds(30);
  absl::Duration remember_networks = absl::Seconds(30);
};

// From a configuration that LoadConfig has checked. `hostname` and the certificate's files are
// those in force, also where the configuration leaves them out.
Options OptionsFrom(const config::v1::Config& config, const std::string& hostname,
                    const std::string& tls_certificate, const std::string& tls_key);

}  // namespace staffetta::gateway
