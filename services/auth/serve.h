#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>
#include <grpcpp/impl/codegen/service_type.h>

#include <memory>
#include <string>
#include <vector>

#include "auth/login_guard.h"
#include "auth/token_issuers.h"
#include "common/base/clock.h"
#include "common/base/co.h"
#include "common/redis/client.h"
#include "common/rpc/peers.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::auth {

// The auth service: wiring, and its life. Confined to `executor` but for grpc_service().
class Server {
 public:
  struct Options {
    // How long a right password is remembered, to spare its derivation.
    absl::Duration remember = absl::Seconds(30);
    LoginGuard::Options guard;
    std::vector<TokenIssuers::Issuer> issuers;
    // That derive passwords' keys.
    int threads = 1;
    const Clock* clock = &Clock::Real();
  };
  // Whom it calls.
  struct Peers {
    std::shared_ptr<const rpc::Peer> policy;
    std::shared_ptr<const rpc::Peer> events;
  };

  // `key` is what callers must present. Nothing is connected yet; may be called on any thread.
  Server(Executor executor, Options options, redis::Client::Options redis, std::string key);
  ~Server();  // after Stop, and after the host of grpc_service() is shut down

  // Calls that arrive before Start are answered as far as they can be, else UNAVAILABLE.
  grpc::Service* grpc_service();

  // Reads the issuers' keys, checks the store and listens for changes. FAILED_PRECONDITION: a file
  // of keys is of no use; UNAVAILABLE: Redis cannot be reached. Stop is still to be called.
  Co<absl::Status> Start(Peers peers);

  // Ends long calls, waits for the others and for events on their way, closes Redis.
  Co<void> Stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The section auth of a configuration that LoadConfig has checked.
Server::Options OptionsFrom(const config::v1::Config& config);

}  // namespace staffetta::auth
