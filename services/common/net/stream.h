#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/co.h"

namespace staffetta::net {

class TlsContext;

// What TLS agreed on, for Received, logs and decisions.
struct TlsInfo {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
  // As client: the peer's certificate is trusted and for the name that was asked for.
  bool verified = false;
};

// What ties a login to the TLS connection it came through, so that nobody can relay it.
enum class ChannelBinding {
  kTlsExporter,        // RFC 9266; TLS 1.3
  kTlsUnique,          // RFC 5929 §3; TLS 1.2
  kTlsServerEndPoint,  // RFC 5929 §4: the server's certificate
};

// A byte stream to one peer, in clear or TLS. Confined to one thread; one read and one write at a
// time. Errors are statuses:
//   OUT_OF_RANGE       the peer closed in order (TLS: with close_notify, or cut: the same to us)
//   DEADLINE_EXCEEDED  the deadline passed
//   CANCELLED          Close() or the coroutine's cancellation
//   UNAVAILABLE        the connection broke, or the TLS handshake failed (the text says why)
// After an error the stream is of no use.
class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte into `data`, which must stay valid.
  virtual Co<absl::StatusOr<size_t>> ReadSome(char* data, size_t size) = 0;
  // All of `data`, which must stay valid.
  virtual Co<absl::Status> Write(std::string_view data) = 0;

  // Every operation from now on ends by then. Cheap enough to call before each one.
  virtual void SetDeadline(absl::Duration from_now) = 0;

  // Wraps the stream in TLS. Whoever reads through a buffer must have dropped it before.
  virtual Co<absl::Status> AcceptTls(std::shared_ptr<const TlsContext> context) = 0;
  // The same as client. `server_name` goes out as SNI, unless it is an address, and is what the
  // peer's certificate has to be for to count as verified.
  virtual Co<absl::Status> ConnectTls(std::shared_ptr<const TlsContext> context,
                                      std::string server_name) = 0;
  // nullopt: in clear.
  virtual std::optional<TlsInfo> tls() const = 0;
  // A server's; nullopt: in clear, or this connection has none of that kind.
  virtual std::optional<std::string> channel_binding(ChannelBinding) const { return std::nullopt; }

  virtual asio::ip::address peer_address() const = 0;
  virtual asio::ip::address local_address() const = 0;
  virtual uint16_t local_port() const = 0;

  // Whether bytes of the peer wait to be read. Never blocks.
  virtual bool HasInput() const = 0;

  // The running read, if there is one, ends with CANCELLED, and the stream stays of use.
  virtual void Interrupt() = 0;

  // Ends it so that `last_words` arrive: writes them, says that nothing more comes, all in one
  // segment where it fits, reads over what the peer is still sending (a socket closed with unread
  // bytes is reset, and takes the last words along), for at most so long (zero: not at all) and so
  // much, then Close(). No operation may be running. The status is that of the writing.
  virtual Co<absl::Status> Finish(std::string last_words, absl::Duration at_most) = 0;

  // Ends it at once: running operations end with CANCELLED. May be called again.
  virtual void Close() = 0;
};

// Connects by TCP. UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED otherwise.
Co<absl::StatusOr<std::unique_ptr<Stream>>> Connect(asio::ip::address address, uint16_t port,
                                                    absl::Duration timeout);

}  // namespace staffetta::net
