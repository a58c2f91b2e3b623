#include "delivery/serve.h"

#include <utility>

#include "common/net/resolver.h"
#include "common/net/tls_context.h"
#include "delivery/inbox_rpc.h"
#include "delivery/inbox_store.h"
#include "delivery/worker.h"

namespace staffetta::delivery {

struct Server::Parts {
  Parts(Executor e, Options o, redis::Client::Options r, std::string key)
      : executor(e),
        options(std::move(o)),
        redis(e, std::move(r)),
        store(&redis, options.sandbox_messages),
        inbox(e, std::move(key), &store) {}

  const Executor executor;
  const Options options;
  redis::Client redis;
  InboxStore store;
  InboxRpc inbox;
  std::unique_ptr<net::Resolver> resolver;
  std::unique_ptr<Worker> worker;
};

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key)
    : parts_(std::make_unique<Parts>(executor, std::move(options), std::move(redis),
                                     std::move(key))) {}

Server::~Server() = default;

grpc::Service* Server::grpc_service() { return &parts_->inbox; }

Co<absl::Status> Server::Start(Peers peers) {
  auto resolver = net::NewResolver(parts_->executor, parts_->options.dns);
  if (!resolver.ok()) co_return resolver.status();
  parts_->resolver = *std::move(resolver);
  auto tls = parts_->options.trust_file.empty()
                 ? net::TlsContext::OpportunisticClient()
                 : net::TlsContext::OpportunisticClient(parts_->options.trust_file);
  if (!tls.ok()) co_return tls.status();
  parts_->worker =
      std::make_unique<Worker>(parts_->executor, &parts_->options, std::move(peers.queue),
                               &parts_->store, parts_->resolver.get(), *std::move(tls));
  parts_->worker->Start();
  co_return absl::OkStatus();
}

Co<void> Server::Stop() {
  if (parts_->worker) co_await parts_->worker->Stop();
  co_await parts_->inbox.Drain();
  parts_->redis.Close();
}

}  // namespace staffetta::delivery
