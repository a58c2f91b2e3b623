#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "common/net/ticket_keys.h"

namespace staffetta::net {

// Where a certificate chain and its private key are, both PEM.
struct CertificateFiles {
  std::string certificate;
  std::string key;

  friend bool operator==(const CertificateFiles&, const CertificateFiles&) = default;
};

// What a certificate says.
struct CertificateInfo {
  std::string file;
  std::vector<std::string> names;  // host names and addresses it is for, in lower case
  absl::Time expires;
};

// TLS 1.2 and newer with modern defaults. Immutable and shared by all threads' streams.
class TlsContext {
 public:
  // For servers: one or more certificates. A client that names a host (SNI) is shown the first one
  // that is for it, everybody else the first of all. Sessions resume by tickets sealed with
  // `tickets`; null: with keys of this context's own.
  // FAILED_PRECONDITION names the file and what is wrong with it.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Server(
      const std::vector<CertificateFiles>& files, std::shared_ptr<TicketKeys> tickets = nullptr);
  // For clients that encrypt without proof of whom to (opportunistic, RFC 7435). Whether there was
  // proof is in TlsInfo: by the system's trusted certificates, or by those of a PEM file.
  static std::shared_ptr<const TlsContext> OpportunisticClient();
  // FAILED_PRECONDITION names the file and what is wrong with it.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> OpportunisticClient(
      const std::string& trust_file);

  // What a connection starts with. OpenSSL wants it mutable; nobody changes it.
  SSL_CTX* ssl() const { return contexts_.front().get(); }

  // A server's, in the order of its files.
  const std::vector<CertificateInfo>& certificates() const { return certificates_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;

  TlsContext() = default;
  static Context NewContext();
  static std::shared_ptr<TlsContext> NewClient();
  static int ChooseCertificate(SSL* ssl, int* alert, void* self);
  SSL_CTX* ContextFor(const std::string& server_name) const;

  std::shared_ptr<TicketKeys> tickets_;
  std::vector<Context> contexts_;  // one per certificate
  std::vector<CertificateInfo> certificates_;
  absl::flat_hash_map<std::string, SSL_CTX*> by_name_;
};

// Makes a self-signed certificate for `hostname` (ECDSA P-256, ten years) unless both files exist;
// the key file gets mode 0600.
absl::Status EnsureSelfSigned(const std::string& certificate_file, const std::string& key_file,
                              const std::string& hostname);

}  // namespace staffetta::net
