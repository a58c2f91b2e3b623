#pragma once

// Suspends the caller until the replies to what it sends are there. Each connection has admitted
// what it gets.

#include <memory>
#include <vector>

#include "common/redis/connection.h"

namespace staffetta::redis {

Co<Connection::Result> Send(std::shared_ptr<Connection> to, Command command,
                            absl::Duration timeout);

struct Outgoing {
  std::shared_ptr<Connection> to;
  Command command;
  bool joined = false;  // see Connection::Enqueue
};

// At least one; the results stand in the same order.
Co<Connection::Results> SendAll(std::vector<Outgoing> all, absl::Duration timeout);

}  // namespace staffetta::redis
