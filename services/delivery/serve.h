#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>

#include "common/base/co.h"
#include "common/redis/client.h"
#include "common/rpc/peers.h"
#include "delivery/options.h"

namespace grpc {
class Service;
}

namespace staffetta::delivery {

// The services that delivery calls.
struct Peers {
  std::shared_ptr<const rpc::Peer> queue;
};

// Two threads: class 1 must not wait for what the other does.
struct Loops {
  Executor bulk;
  Executor express;
};

// The way out: a worker for all classes and one for class 1 (worker.h), and the sandbox's inbox for
// who wants to read it. Confined to the thread of loops.bulk, but for grpc_service().
class Server {
 public:
  // `key` is what callers of the inbox must present.
  Server(Loops loops, Options options, redis::Client::Options redis, std::string key);
  ~Server();

  // To be registered with the host, which must be shut down before this is destroyed.
  grpc::Service* grpc_service();

  // Begins to take deliveries. FAILED_PRECONDITION or UNAVAILABLE: names cannot be resolved.
  Co<absl::Status> Start(Peers peers);
  // Hands back what has not begun, finishes what has within the grace period, reports all of it.
  // The queue must still answer meanwhile.
  Co<void> Stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace staffetta::delivery
