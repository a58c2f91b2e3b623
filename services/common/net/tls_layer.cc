#include "common/net/tls_layer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <climits>

#include "common/base/check.h"

namespace staffetta::net {
namespace {

bool IsPassing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

long Control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return command == BIO_CTRL_FLUSH;
}

std::optional<std::string> Exporter(SSL* ssl) {
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  std::array<unsigned char, 32> out;
  if (SSL_version(ssl) != TLS1_3_VERSION ||
      SSL_export_keying_material(ssl, out.data(), out.size(), kLabel.data(), kLabel.size(), nullptr,
                                 0, 0) != 1) {
    return std::nullopt;
  }
  return std::string(out.begin(), out.end());
}

// The first Finished message of the handshake: the client's, in a resumed session the server's.
// Without the extended master secret somebody in between could have both sides agree (RFC 7627).
std::optional<std::string> Unique(SSL* ssl) {
  if (SSL_version(ssl) != TLS1_2_VERSION || SSL_get_extms_support(ssl) != 1) return std::nullopt;
  std::array<char, EVP_MAX_MD_SIZE> out;
  const size_t size = SSL_session_reused(ssl) == 1
                          ? SSL_get_finished(ssl, out.data(), out.size())
                          : SSL_get_peer_finished(ssl, out.data(), out.size());
  if (size == 0) return std::nullopt;
  return std::string(out.data(), size);
}

std::optional<std::string> ServerEndPoint(SSL* ssl) {
  X509* const certificate = SSL_get_certificate(ssl);
  int digest = NID_undef;
  if (certificate == nullptr ||
      X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1) {
    return std::nullopt;
  }
  // RFC 5929 §4.1: the hash of the certificate's signature, but nothing weak. Ed25519 has none.
  if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
  const EVP_MD* const hash = EVP_get_digestbynid(digest);
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  if (hash == nullptr || X509_digest(certificate, hash, out.data(), &size) != 1) {
    return std::nullopt;
  }
  return std::string(out.begin(), out.begin() + size);
}

}  // namespace

TlsLayer::TlsLayer(TcpSocket* socket, SSL_CTX* context, Side side)
    : socket_(*socket), wire_{socket->native_handle(), 0, nullptr}, ssl_(SSL_new(context)) {
  CHECK(ssl_ != nullptr);
  wire_.ssl = ssl_.get();
  BIO* const bio = NewBio();
  SSL_set_bio(ssl_.get(), bio, bio);
  if (side == Side::kServer) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

// OpenSSL's own socket BIO would raise SIGPIPE. The ticket of TLS 1.3, which nobody waits for, goes
// out with what is said next.
int TlsLayer::SendTo(BIO* bio, const char* data, int size) {
  const Wire& wire = *static_cast<const Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const bool ticket = SSL_get_state(wire.ssl) == TLS_ST_SW_SESSION_TICKET;
  const ssize_t sent =
      ::send(wire.descriptor, data, size, MSG_NOSIGNAL | wire.flags | (ticket ? MSG_MORE : 0));
  if (sent < 0 && IsPassing(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int TlsLayer::ReceiveFrom(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got =
      ::recv(static_cast<const Wire*>(BIO_get_data(bio))->descriptor, data, size, 0);
  if (got < 0 && IsPassing(errno)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

BIO* TlsLayer::NewBio() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    CHECK(made != nullptr);
    BIO_meth_set_write(made, SendTo);
    BIO_meth_set_read(made, ReceiveFrom);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  BIO* const bio = BIO_new(method);
  CHECK(bio != nullptr);
  BIO_set_data(bio, &wire_);
  BIO_set_init(bio, 1);
  return bio;
}

Co<TlsLayer::ErrorCode> TlsLayer::Handshake() {
  // The client has the first word; an attempt without it would cost buffers for nothing.
  if (SSL_is_server(ssl_.get()) == 1) {
    ErrorCode error;
    co_await socket_.async_wait(TcpSocket::wait_read, asio::redirect_error(use_co, error));
    if (error) co_return error;
  }
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) co_return ErrorCode();
    const ErrorCode error = co_await Await(result);
    if (error) co_return error;
  }
}

Co<TlsLayer::ErrorCode> TlsLayer::Read(char* data, size_t size, size_t* got) {
  if (!HasInput()) {
    ErrorCode error;
    co_await socket_.async_wait(TcpSocket::wait_read, asio::redirect_error(use_co, error));
    if (error) co_return error;
  }
  for (;;) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), data, size, got);
    if (result == 1) co_return ErrorCode();
    const ErrorCode error = co_await Await(result);
    if (error) co_return error;
  }
}

Co<TlsLayer::ErrorCode> TlsLayer::Write(std::string_view data) {
  while (!data.empty()) {
    ERR_clear_error();
    size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), data.data(), data.size(), &written);
    if (result == 1) {
      data.remove_prefix(written);
      continue;
    }
    const ErrorCode error = co_await Await(result);
    if (error) co_return error;
  }
  co_return ErrorCode();
}

std::optional<std::string> TlsLayer::Binding(ChannelBinding kind) const {
  switch (kind) {
    case ChannelBinding::kTlsExporter:
      return Exporter(ssl_.get());
    case ChannelBinding::kTlsUnique:
      return Unique(ssl_.get());
    case ChannelBinding::kTlsServerEndPoint:
      return ServerEndPoint(ssl_.get());
  }
  return std::nullopt;
}

void TlsLayer::SayEnd() {
  if (SSL_is_init_finished(ssl_.get()) == 0) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Co<TlsLayer::ErrorCode> TlsLayer::Await(int result) {
  const int system_error = errno;
  ErrorCode error;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      co_await socket_.async_wait(TcpSocket::wait_read, asio::redirect_error(use_co, error));
      break;
    case SSL_ERROR_WANT_WRITE:
      co_await socket_.async_wait(TcpSocket::wait_write, asio::redirect_error(use_co, error));
      break;
    case SSL_ERROR_ZERO_RETURN:
      error = asio::error::eof;
      break;
    case SSL_ERROR_SYSCALL:
      if (system_error == 0) {
        error = asio::error::eof;
      } else {
        error.assign(system_error, boost::system::system_category());
      }
      break;
    default:
      error = ErrorCode(static_cast<int>(ERR_get_error()), asio::error::get_ssl_category());
      break;
  }
  ERR_clear_error();
  co_return error;
}

}  // namespace staffetta::net
