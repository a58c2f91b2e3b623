#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "common/base/runtime.h"
#include "common/rpc/peers.h"
#include "gateway/edge_rpc.h"
#include "gateway/settings.h"

namespace staffetta::gateway {

// The gateway: wiring, and its life. Start and Stop run on the runtime's loop 0; sessions on all.
class Server {
 public:
  // Whom it calls.
  struct Peers {
    std::shared_ptr<const rpc::Peer> auth;
    std::shared_ptr<const rpc::Peer> policy;
    std::shared_ptr<const rpc::Peer> queue;
  };

  // `runtime` outlives it. `key` is what callers of EdgeService must present. See OptionsFrom
  // (gateway/settings.h).
  Server(const Runtime& runtime, Options options, std::string key);
  ~Server();  // after Stop

  // EdgeService, to be hosted; it answers between Start and Stop.
  grpc::Service* grpc_service();

  // Listens. The services need not answer yet: until they do, clients are told to try again.
  // UNAVAILABLE: no port can be bound; FAILED_PRECONDITION: the certificate is bad. Stop is to be
  // called all the same.
  Co<absl::Status> Start(Peers peers);

  // Drains (SPEC S10); the services it calls must answer until it has ended.
  Co<void> Stop();

  // Those really open (SPEC S1).
  std::vector<uint16_t> ports() const;

 private:
  struct Parts;

  const Runtime& runtime_;
  const Options options_;
  EdgeRpc edge_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace staffetta::gateway
