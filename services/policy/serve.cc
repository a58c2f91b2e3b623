#include "policy/serve.h"

#include <utility>

#include "common/base/config.h"
#include "policy/policy_rpc.h"
#include "policy/recheck.h"

namespace staffetta::policy {

struct Server::Parts {
  Parts(Executor e, Options options, redis::Client::Options redis_options, std::string key,
        std::unique_ptr<net::Resolver> dns)
      : executor(e),
        deployment(redis_options.endpoint),
        redis(e, std::move(redis_options)),
        resolver(std::move(dns)),
        store(&redis),
        cache(&store, options.clock),
        events(e, "policy"),
        refusals(e, &events, options.refusal_window),
        checker(&cache, &refusals),
        senders(&store, &cache, resolver.get(), &users, &events,
                {options.verification_label, options.recheck_every, options.clock}),
        recheck(e, &store, &cache, resolver.get(), &users, &events,
                {options.recheck_every, options.clock}),
        background(e, "policy"),
        rpc(e, std::move(key), &checker, &senders) {}

  const Executor executor;
  const redis::Deployment deployment;
  redis::Client redis;
  std::unique_ptr<net::Resolver> resolver;
  PolicyStore store;
  RightsCache cache;
  DependentUsers users;
  rpc::EventPublisher events;
  Refusals refusals;
  Checker checker;
  Senders senders;
  Recheck recheck;
  TaskGroup background;
  PolicyRpc rpc;
};

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key,
               std::unique_ptr<net::Resolver> resolver)
    : parts_(std::make_unique<Parts>(executor, std::move(options), std::move(redis), std::move(key),
                                     std::move(resolver))) {}

Server::~Server() = default;

grpc::Service* Server::grpc_service() { return &parts_->rpc; }

Co<absl::Status> Server::Start(Peers peers) {
  parts_->users.SetPeer(std::move(peers.auth));
  parts_->events.SetPeer(std::move(peers.events));
  const absl::Status status = co_await parts_->store.Check();
  if (!status.ok()) co_return status;
  parts_->cache.Listen(parts_->executor, parts_->deployment);
  parts_->background.Spawn(parts_->recheck.Run());
  co_return absl::OkStatus();
}

Co<void> Server::Stop() {
  co_await parts_->rpc.Drain();
  parts_->recheck.Stop();
  co_await parts_->background.Wait();
  co_await parts_->refusals.Drain();
  co_await parts_->events.Drain();
  parts_->cache.Close();
  parts_->redis.Close();
}

Server::Options OptionsFrom(const config::v1::Config& config) {
  return {.verification_label = config.policy().verification_label(),
          .recheck_every = DurationOf(config.policy().recheck_every())};
}

}  // namespace staffetta::policy
