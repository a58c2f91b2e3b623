#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace staffetta::bench {

// What TLS a client speaks, and the session that it resumes from then on once it has one. Of one
// thread.
class ClientTls {
 public:
  // TLS1_2_VERSION or TLS1_3_VERSION, that one alone.
  ClientTls(int version, bool resumes);

  SSL_CTX* context() const { return context_.get(); }
  bool resumes() const { return resumes_; }
  // Null as long as no server has given one.
  SSL_SESSION* session() const { return session_.get(); }

 private:
  static int Keep(SSL* ssl, SSL_SESSION* session);

  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  const bool resumes_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL_SESSION, Free> session_;
};

// A client's connection, with calls that block: as little work as possible, for it stands on the
// processors that are measured. A call that fails says false and leaves why in error().
class Client {
 public:
  Client() = default;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // To 127.0.0.1.
  bool Connect(uint16_t port);
  bool Handshake(const ClientTls& tls);
  bool Resumed() const { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }
  // Waits for what a server sends behind the handshake unasked, a moment: tickets.
  void AwaitTickets();

  bool Send(std::string_view text);
  // Reads so many replies, whose codes must begin with that digit.
  bool Hear(char digit, int replies = 1);
  bool Ask(std::string_view text, char digit) { return Send(text) && Hear(digit); }
  // close_notify, as it is good manners, and the end.
  void End();

  const std::string& error() const { return error_; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  bool Fail(std::string_view what);

  int socket_ = -1;
  std::unique_ptr<SSL, Free> ssl_;
  std::string heard_;
  std::string error_;
};

}  // namespace staffetta::bench
