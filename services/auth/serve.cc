#include "auth/serve.h"

#include <optional>
#include <utility>

#include "auth/auth_rpc.h"
#include "common/base/config.h"

namespace staffetta::auth {
namespace {

constexpr absl::Duration kSubscribePatience = absl::Seconds(5);

}  // namespace

struct Server::Parts {
  Parts(Executor e, Options options, redis::Client::Options redis_options, std::string key)
      : executor(e),
        deployment(redis_options.endpoint),
        redis(e, std::move(redis_options)),
        store(&redis),
        pool(options.threads),
        events(e, "auth"),
        authenticator(&store, &pool, {.remember = options.remember, .clock = options.clock}),
        accounts(&store),
        users(&store, &pool, &rights, &events, options.clock),
        rpc(e, std::move(key), &authenticator, &accounts, &users) {}

  const Executor executor;
  const redis::Deployment deployment;
  redis::Client redis;
  AuthStore store;
  DerivationPool pool;
  SenderRights rights;
  rpc::EventPublisher events;
  Authenticator authenticator;
  Accounts accounts;
  Users users;
  std::optional<UserChanges> changes;
  AuthRpc rpc;
};

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key)
    : parts_(std::make_unique<Parts>(executor, options, std::move(redis), std::move(key))) {}

Server::~Server() = default;

grpc::Service* Server::grpc_service() { return &parts_->rpc; }

Co<absl::Status> Server::Start(Peers peers) {
  parts_->rights.SetPeer(std::move(peers.policy));
  parts_->events.SetPeer(std::move(peers.events));
  if (absl::Status status = co_await parts_->store.Check(); !status.ok()) co_return status;
  Parts* const parts = parts_.get();
  parts->changes.emplace(parts->executor, parts->deployment,
                         [parts] { parts->authenticator.ForgetNetworks(); });
  parts->authenticator.SetChanges(&*parts->changes);
  parts->rpc.SetChanges(&*parts->changes);
  absl::Status status = co_await parts->changes->AwaitLive(kSubscribePatience);
  co_return status;
}

Co<void> Server::Stop() {
  co_await parts_->rpc.Drain();
  co_await parts_->events.Drain();
  if (parts_->changes) parts_->changes->Close();
  parts_->redis.Close();
}

Server::Options OptionsFrom(const config::v1::Config& config) {
  return {.remember = DurationOf(config.auth().remember())};
}

}  // namespace staffetta::auth
