#include "auth/serve.h"

#include <optional>
#include <utility>

#include "auth/auth_rpc.h"
#include "common/base/check.h"
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
        logins(&redis),
        rates(&redis),
        pool(options.threads),
        salts(&store),
        events(e, "auth"),
        guard(&logins, &events, std::move(options.guard)),
        issuers(std::move(options.issuers), options.clock),
        authenticator({&store, &pool, &salts, &guard, &issuers, &rates},
                      {.remember = options.remember, .clock = options.clock}),
        accounts(&store),
        users(&store, &pool, &salts, &rights, &events, options.clock),
        rpc(e, std::move(key), &authenticator, &accounts, &users) {}

  const Executor executor;
  const redis::Deployment deployment;
  redis::Client redis;
  AuthStore store;
  LoginStore logins;
  RateStore rates;
  DerivationPool pool;
  Salts salts;
  SenderRights rights;
  rpc::EventPublisher events;
  LoginGuard guard;
  TokenIssuers issuers;
  Authenticator authenticator;
  Accounts accounts;
  Users users;
  std::optional<UserChanges> changes;
  AuthRpc rpc;
};

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key)
    : parts_(std::make_unique<Parts>(executor, std::move(options), std::move(redis),
                                     std::move(key))) {}

Server::~Server() = default;

grpc::Service* Server::grpc_service() { return &parts_->rpc; }

Co<absl::Status> Server::Start(Peers peers) {
  parts_->rights.SetPeer(std::move(peers.policy));
  parts_->events.SetPeer(std::move(peers.events));
  if (absl::Status status = parts_->issuers.Load(); !status.ok()) co_return status;
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
  const config::v1::Auth& from = config.auth();
  Server::Options options{
      .remember = DurationOf(from.remember()),
      .guard = {.free_failures = from.free_failures(),
                .forget_failure = DurationOf(from.forget_failure()),
                .longest_delay = DurationOf(from.longest_delay()),
                .max_failures_per_source = from.max_failures_per_address(),
                .max_failures_per_user = from.max_failures_per_user(),
                .remember_usual = DurationOf(from.remember_addresses())},
  };
  for (const std::string& text : from.exempt_networks()) {
    const absl::StatusOr<Network> network = ParseNetwork(text);
    CHECK(network.ok());
    options.guard.exempt.push_back(*network);
  }
  for (const auto& issuer : from.oauth_issuers()) {
    options.issuers.push_back(
        {issuer.issuer(), issuer.audience(), issuer.key_file(), issuer.user_claim()});
  }
  return options;
}

}  // namespace staffetta::auth
