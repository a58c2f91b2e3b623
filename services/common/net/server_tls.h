#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/net/tls_context.h"

namespace staffetta::net {

// A server's certificates in force. They are read again when a file has changed; what cannot be
// used is reported and leaves the ones before in force. Thread-safe; running sessions keep what
// they began with.
class ServerTls {
 public:
  // FAILED_PRECONDITION names the file and what is wrong with it.
  static absl::StatusOr<std::unique_ptr<ServerTls>> Load(std::vector<CertificateFiles> files);

  // One context that stays.
  explicit ServerTls(std::shared_ptr<const TlsContext> context) : context_(std::move(context)) {}

  // For the next handshake.
  std::shared_ptr<const TlsContext> context() const;

  // Looks at the files, blocking shortly; reads them only if one is another than at the last look.
  // OK: what is in force is what the files hold. FAILED_PRECONDITION, once for each change: it is
  // not.
  absl::Status Refresh();

 private:
  ServerTls(std::vector<CertificateFiles> files, std::shared_ptr<TicketKeys> tickets)
      : files_(std::move(files)), tickets_(std::move(tickets)) {}

  // What tells one state of the files from another.
  std::string Signature() const;

  const std::vector<CertificateFiles> files_;
  const std::shared_ptr<TicketKeys> tickets_;
  mutable std::mutex mutex_;
  std::string signature_;
  std::shared_ptr<const TlsContext> context_;
};

}  // namespace staffetta::net
