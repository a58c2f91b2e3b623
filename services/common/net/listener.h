#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/co.h"
#include "common/net/stream.h"

namespace staffetta::net {

// One listening TCP port. Confined to its executor's thread.
class Listener {
 public:
  // `address` "::" takes IPv6 and IPv4, or IPv4 alone on a host without IPv6. Port 0: any free one.
  // UNAVAILABLE names the port and why it cannot be bound; INVALID_ARGUMENT: `address` is none.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(Executor executor,
                                                        const std::string& address, uint16_t port);

  // The one really bound; still known after Close.
  uint16_t port() const { return port_; }

  // Hands over each accepted connection until cancelled or closed. When descriptors or memory run
  // out it pauses instead of spinning. Both functions are called on this listener's thread:
  // `choose` names the executor (thread) the next stream lives on, before that one has arrived;
  // `accepted` gets the stream together with that executor. It may destroy the stream where it is,
  // or else must move it there, `asio::post(executor, [stream = std::move(stream)] …)`, before
  // anything is called on it.
  Co<void> Run(std::function<Executor()> choose,
               std::function<void(Executor, std::unique_ptr<Stream>)> accepted);
  // Stops listening at once. May be called again.
  void Close();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

  Listener(Acceptor acceptor, uint16_t port);

  Acceptor acceptor_;
  const uint16_t port_;
  Timer pause_;
};

}  // namespace staffetta::net
