#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "common/base/co.h"
#include "common/net/stream.h"

namespace staffetta::net {

// One listening TCP port. Confined to its executor's thread, where accepted streams live too.
class Listener {
 public:
  // `address` "::" takes IPv6 and IPv4. UNAVAILABLE names the port and why it cannot be bound.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(Executor executor,
                                                        const std::string& address, uint16_t port);

  uint16_t port() const;

  // Hands over each accepted connection until cancelled or closed. When descriptors run out it
  // pauses instead of spinning. `choose` names the executor (thread) the next stream lives on;
  // `accepted` is called on this listener's thread with a stream for that executor.
  Co<void> Run(std::function<Executor()> choose,
               std::function<void(Executor, std::unique_ptr<Stream>)> accepted);
  void Close();

 private:
  explicit Listener(asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor);
  asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_;
};

}  // namespace staffetta::net
