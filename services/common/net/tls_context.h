#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "common/base/co.h"

namespace staffetta::net {

// TLS 1.2 and newer with modern defaults. Immutable and shared by all threads' streams.
class TlsContext {
 public:
  // For servers. FAILED_PRECONDITION names the file and what is wrong with it.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Server(
      const std::string& certificate_file, const std::string& key_file);
  // For clients that encrypt without proof of whom to (opportunistic, RFC 7435).
  static std::shared_ptr<const TlsContext> OpportunisticClient();

  asio::ssl::context& ssl() const { return ssl_; }

 private:
  TlsContext();
  mutable asio::ssl::context ssl_;  // Asio's streams want it mutable; nobody changes it
};

// Makes a self-signed certificate for `hostname` (ECDSA P-256, ten years) unless both files exist;
// the key file gets mode 0600.
absl::Status EnsureSelfSigned(const std::string& certificate_file, const std::string& key_file,
                              const std::string& hostname);

}  // namespace staffetta::net
