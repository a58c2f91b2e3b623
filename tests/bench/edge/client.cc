#include "bench/edge/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/check.h"

namespace staffetta::bench {
namespace {

constexpr timeval kTimeout = {.tv_sec = 30};
constexpr timeval kMoment = {.tv_usec = 300'000};

void SetTimeout(int socket, const timeval& timeout) {
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

}  // namespace

ClientTls::ClientTls(int version, bool resumes)
    : resumes_(resumes), context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* const context = context_.get();
  CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, Keep);
}

// 1: the session is ours from now on.
int ClientTls::Keep(SSL* ssl, SSL_SESSION* session) {
  auto* const self = static_cast<ClientTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (!self->resumes_ || self->session_) return 0;
  self->session_.reset(session);
  return 1;
}

Client::~Client() {
  // As openssl s_time leaves: without a word, and the session stays good.
  if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  if (socket_ >= 0) ::close(socket_);
}

bool Client::Connect(uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return Fail("socket");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SetTimeout(socket_, kTimeout);
  sockaddr_in server = {};
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) {
    return Fail("connect");
  }
  return true;
}

bool Client::Handshake(const ClientTls& tls) {
  ssl_.reset(SSL_new(tls.context()));
  SSL_set_fd(ssl_.get(), socket_);
  SSL_set_tlsext_host_name(ssl_.get(), "relay.example");
  if (tls.session() != nullptr) {
    // Of its own: one of TLS 1.3 is used up by a handshake.
    SSL_SESSION* const session = SSL_SESSION_dup(tls.session());
    SSL_set_session(ssl_.get(), session);
    SSL_SESSION_free(session);
  }
  return SSL_connect(ssl_.get()) == 1 || Fail("handshake");
}

void Client::AwaitTickets() {
  SetTimeout(socket_, kMoment);
  char byte = 0;
  SSL_peek(ssl_.get(), &byte, 1);
  SetTimeout(socket_, kTimeout);
}

bool Client::Send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ssl_ ? SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()))
                              : ::send(socket_, text.data(), text.size(), 0);
    if (sent <= 0) return Fail("send");
    text.remove_prefix(sent);
  }
  return true;
}

bool Client::Hear(char digit, int replies) {
  for (;;) {
    for (size_t end = 0; (end = heard_.find('\n')) != std::string::npos; heard_.erase(0, end + 1)) {
      if (heard_[0] != digit) return Fail("heard " + heard_.substr(0, end));
      if (end > 3 && heard_[3] == '-') continue;
      if (--replies > 0) continue;
      heard_.erase(0, end + 1);
      return true;
    }
    char buffer[2048];
    const ssize_t got = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer)
                             : ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return Fail("receive");
    heard_.append(buffer, got);
  }
}

void Client::End() {
  if (ssl_) SSL_shutdown(ssl_.get());
  ::close(socket_);
  socket_ = -1;
}

bool Client::Fail(std::string_view what) {
  error_ = std::string(what) + ": " + std::strerror(errno);
  return false;
}

}  // namespace staffetta::bench
