#include "common/net/tls_context.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "common/base/check.h"
#include "common/base/co.h"
#include "common/base/text.h"

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

// The names that the certificate is for (RFC 6125): of its extension, or else the common name.
std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> names;
  auto* const alternatives = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    const ASN1_STRING* const value = name->type == GEN_DNS
                                         ? static_cast<ASN1_STRING*>(name->d.dNSName)
                                         : static_cast<ASN1_STRING*>(name->d.iPAddress);
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                 ASN1_STRING_length(value));
    if (name->type == GEN_DNS) {
      names.push_back(absl::AsciiStrToLower(ToAbsl(bytes)));
    } else if (bytes.size() == 4) {
      asio::ip::address_v4::bytes_type address;
      std::copy(bytes.begin(), bytes.end(), address.begin());
      names.push_back(asio::ip::make_address_v4(address).to_string());
    } else if (bytes.size() == 16) {
      asio::ip::address_v6::bytes_type address;
      std::copy(bytes.begin(), bytes.end(), address.begin());
      names.push_back(asio::ip::make_address_v6(address).to_string());
    }
  }
  GENERAL_NAMES_free(alternatives);
  if (names.empty()) {
    char common_name[256];
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               common_name, sizeof common_name);
    if (size > 0) names.push_back(absl::AsciiStrToLower(std::string(common_name, size)));
  }
  return names;
}

absl::Time ExpiryOf(X509* certificate) {
  std::tm time = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return absl::InfinitePast();
  return absl::FromTM(time, absl::UTCTimeZone());
}

}  // namespace

TlsContext::Context TlsContext::NewContext() {
  Context made(SSL_CTX_new(TLS_method()));
  SSL_CTX* const context = made.get();
  CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A peer that cuts the connection has ended it; mail has ends of its own.
  SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection gives its buffers back; a busy one reads several records at once.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  // Clients resume by tickets, which cost us no memory.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return made;
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Server(
    const std::vector<CertificateFiles>& files, std::shared_ptr<TicketKeys> tickets) {
  CHECK(!files.empty());
  const std::shared_ptr<TlsContext> server(new TlsContext);
  server->tickets_ = tickets ? std::move(tickets) : std::make_shared<TicketKeys>();
  for (const CertificateFiles& pair : files) {
    SSL_CTX* const ssl = server->contexts_.emplace_back(NewContext()).get();
    SSL_CTX_set_cipher_list(ssl, kCiphers);
    SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_num_tickets(ssl, 1);
    server->tickets_->Use(ssl);
    const absl::Status loaded = LoadPair(ssl, pair.certificate, pair.key);
    if (!loaded.ok()) return loaded;
    X509* const certificate = SSL_CTX_get0_certificate(ssl);
    CertificateInfo info{pair.certificate, NamesOf(certificate), ExpiryOf(certificate)};
    for (const std::string& name : info.names) server->by_name_.try_emplace(name, ssl);
    server->certificates_.push_back(std::move(info));
  }
  SSL_CTX_set_tlsext_servername_callback(server->ssl(), ChooseCertificate);
  SSL_CTX_set_tlsext_servername_arg(server->ssl(), server.get());
  return server;
}

int TlsContext::ChooseCertificate(SSL* ssl, int*, void* self) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* const chosen = static_cast<const TlsContext*>(self)->ContextFor(name);
  if (chosen != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, chosen);
  return SSL_TLSEXT_ERR_OK;
}

// A wildcard stands for one whole first label (RFC 6125 §6.4.3).
SSL_CTX* TlsContext::ContextFor(const std::string& server_name) const {
  const std::string name = absl::AsciiStrToLower(server_name);
  auto it = by_name_.find(name);
  const size_t dot = name.find('.');
  if (it == by_name_.end() && dot != std::string::npos) {
    it = by_name_.find(absl::StrCat("*", name.substr(dot)));
  }
  return it == by_name_.end() ? ssl() : it->second;
}

std::shared_ptr<TlsContext> TlsContext::NewClient() {
  std::shared_ptr<TlsContext> client(new TlsContext);
  SSL_CTX* const ssl = client->contexts_.emplace_back(NewContext()).get();
  SSL_CTX_set_cipher_list(ssl, kOpportunisticCiphers);
  SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  return client;
}

std::shared_ptr<const TlsContext> TlsContext::OpportunisticClient() {
  const std::shared_ptr<TlsContext> client = NewClient();
  SSL_CTX_set_default_verify_paths(client->ssl());
  return client;
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::OpportunisticClient(
    const std::string& trust_file) {
  const std::shared_ptr<TlsContext> client = NewClient();
  const absl::StatusOr<FILE*> file = Open(trust_file);
  if (!file.ok()) return file.status();
  std::fclose(*file);
  if (SSL_CTX_load_verify_file(client->ssl(), trust_file.c_str()) != 1) {
    return Wrong(trust_file, absl::StrCat("no usable certificates: ", TakeSslError()));
  }
  return client;
}

}  // namespace staffetta::net
