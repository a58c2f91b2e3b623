#include "common/net/tls_context.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace staffetta::net {
namespace {

// TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has its own list.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// A relay must rather encrypt badly than not at all (RFC 7435), within TLS 1.2.
constexpr char kOpportunisticCiphers[] = "DEFAULT:!aNULL:!eNULL:!RC4:!3DES";

std::string TakeSslError() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

absl::Status Wrong(const std::string& file, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(file, ": ", why));
}

absl::StatusOr<FILE*> Open(const std::string& file) {
  FILE* const stream = std::fopen(file.c_str(), "re");
  if (stream == nullptr) return Wrong(file, std::strerror(errno));
  return stream;
}

// An encrypted key is refused; nobody is asked for its passphrase.
int NoPassphrase(char*, int, int, void*) { return 0; }

absl::Status LoadPair(SSL_CTX* context, const std::string& certificate_file,
                      const std::string& key_file) {
  const absl::StatusOr<FILE*> certificate = Open(certificate_file);
  if (!certificate.ok()) return certificate.status();
  std::fclose(*certificate);
  const absl::StatusOr<FILE*> stream = Open(key_file);
  if (!stream.ok()) return stream.status();
  const absl::Cleanup close = [&] { std::fclose(*stream); };

  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return Wrong(certificate_file, absl::StrCat("no usable certificate: ", TakeSslError()));
  }
  EVP_PKEY* const key = PEM_read_PrivateKey(*stream, nullptr, NoPassphrase, nullptr);
  if (key == nullptr) {
    return Wrong(key_file, absl::StrCat("no usable private key: ", TakeSslError()));
  }
  const absl::Cleanup free_key = [&] { EVP_PKEY_free(key); };
  if (X509_check_private_key(SSL_CTX_get0_certificate(context), key) != 1) {
    ERR_clear_error();
    return Wrong(key_file, absl::StrCat("is not the key of ", certificate_file));
  }
  if (SSL_CTX_use_PrivateKey(context, key) != 1) return Wrong(key_file, TakeSslError());
  return absl::OkStatus();
}

}  // namespace

TlsContext::TlsContext() : ssl_(asio::ssl::context::tls) {
  SSL_CTX* const context = ssl_.native_handle();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // An idle connection gives its buffers back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Clients resume by tickets, which cost us no memory.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Server(
    const std::string& certificate_file, const std::string& key_file) {
  const std::shared_ptr<TlsContext> context(new TlsContext);
  SSL_CTX* const ssl = context->ssl_.native_handle();
  SSL_CTX_set_cipher_list(ssl, kCiphers);
  const absl::Status loaded = LoadPair(ssl, certificate_file, key_file);
  if (!loaded.ok()) return loaded;
  return context;
}

std::shared_ptr<const TlsContext> TlsContext::OpportunisticClient() {
  const std::shared_ptr<TlsContext> context(new TlsContext);
  SSL_CTX* const ssl = context->ssl_.native_handle();
  SSL_CTX_set_cipher_list(ssl, kOpportunisticCiphers);
  SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  return context;
}

}  // namespace staffetta::net
