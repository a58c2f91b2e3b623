#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>
#include <grpcpp/impl/codegen/service_type.h>

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/co.h"
#include "common/net/resolver.h"
#include "common/redis/client.h"
#include "common/rpc/peers.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::policy {

// The policy service: wiring, and its life. Confined to `executor` but for grpc_service().
class Server {
 public:
  struct Options {
    std::string verification_label = "_staffetta";  // of the TXT record that proves a domain
    absl::Duration recheck_every = absl::Hours(24);
    absl::Duration refusal_window = absl::Minutes(1);  // in which refusals are told of together
    const Clock* clock = &Clock::Real();
  };
  // Whom it calls.
  struct Peers {
    std::shared_ptr<const rpc::Peer> auth;
    std::shared_ptr<const rpc::Peer> events;
  };

  // `key` is what callers must present. Nothing is connected yet; may be called on any thread.
  // The resolver is confined to the same executor.
  Server(Executor executor, Options options, redis::Client::Options redis, std::string key,
         std::unique_ptr<net::Resolver> resolver);
  ~Server();  // after Stop, and after the host of grpc_service() is shut down

  // Calls that arrive before Start are answered as far as they can be, else UNAVAILABLE.
  grpc::Service* grpc_service();

  // Checks the store, listens for changes, starts the daily looks at the DNS. UNAVAILABLE: Redis
  // cannot be reached; Stop is still to be called.
  Co<absl::Status> Start(Peers peers);

  // Ends long calls, waits for the others and for events on their way, closes Redis.
  Co<void> Stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The section policy of a configuration that LoadConfig has checked.
Server::Options OptionsFrom(const config::v1::Config& config);

}  // namespace staffetta::policy
