#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/co.h"
#include "common/net/stream.h"
#include "common/net/tcp_stream.h"

namespace staffetta::net {

// TLS over a connected, non-blocking socket, which outlives it. OpenSSL reads and writes the socket
// itself and keeps no buffer while it waits, so that an idle session costs no more than its state.
//
// Confined to the socket's thread; one read and one write at a time. Errors are the socket's, eof
// for both ways in which a peer ends (close_notify, or a cut), or OpenSSL's with its reason.
class TlsLayer {
 public:
  enum class Side { kServer, kClient };
  TlsLayer(TcpSocket* socket, SSL_CTX* context, Side side);

  SSL* ssl() const { return ssl_.get(); }
  // Once the handshake is done; kTlsUnique and kTlsServerEndPoint are a server's.
  std::optional<std::string> Binding(ChannelBinding kind) const;

  using ErrorCode = boost::system::error_code;
  Co<ErrorCode> Handshake();
  // At least one byte. Waits for the event loop unless bytes have come already.
  Co<ErrorCode> Read(char* data, size_t size, size_t* got);
  Co<ErrorCode> Write(std::string_view data);
  // What is written from now on waits for the end of the connection, to go out with it.
  void HoldBack() { wire_.flags = MSG_MORE; }
  // Says that nothing more comes (close_notify), if that can be said at once.
  void SayEnd();
  // Whether bytes have been taken from the socket and not yet been read.
  bool HasInput() const { return SSL_has_pending(ssl_.get()) == 1; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  // The other end of OpenSSL's BIO.
  struct Wire {
    int descriptor;
    int flags;  // of send()
    SSL* ssl;
  };
  static int SendTo(BIO* bio, const char* data, int size);
  static int ReceiveFrom(BIO* bio, char* data, int size);
  BIO* NewBio();

  // Why an operation did not get on, or nothing once it may be tried again.
  Co<ErrorCode> Await(int result);

  TcpSocket& socket_;
  Wire wire_;
  const std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace staffetta::net
