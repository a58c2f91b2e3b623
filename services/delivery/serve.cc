#include "delivery/serve.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <optional>
#include <utility>

#include "common/base/log.h"
#include "common/base/realtime.h"
#include "common/net/resolver.h"
#include "common/net/tls_context.h"
#include "delivery/egress.h"
#include "delivery/inbox_rpc.h"
#include "delivery/inbox_store.h"
#include "delivery/worker.h"

namespace staffetta::delivery {
namespace {

// The calling thread, for class 1 alone.
void GoFirst() {
  const absl::Status status = BecomeRealtime();
  if (status.ok()) return;
  log::Info(
      "mail of class 1 waits for processors like any other: {}. To change that, allow CAP_SYS_NICE "
      "or an RLIMIT_RTPRIO of 1; to be content, set delivery.express_realtime: false",
      std::string(status.message()));
}

// A worker and what it shares with nobody. Confined to its executor's thread.
class Post {
 public:
  Post(WorkerKind kind, Executor executor, const Options* options, redis::Client::Options redis,
       Egress* egress)
      : kind_(kind),
        executor_(executor),
        options_(options),
        redis_(executor, std::move(redis)),
        inbox_(&redis_, options->sandbox_messages),
        egress_(egress) {}

  Executor executor() const { return executor_; }
  InboxStore* inbox() { return &inbox_; }

  Co<absl::Status> Start(std::shared_ptr<const rpc::Peer> queue,
                         std::shared_ptr<const net::TlsContext> tls) {
    auto resolver = net::NewResolver(executor_, options_->dns);
    if (!resolver.ok()) co_return resolver.status();
    resolver_ = *std::move(resolver);
    worker_ = std::make_unique<Worker>(kind_, executor_, options_, std::move(queue), &inbox_,
                                       resolver_.get(), std::move(tls), egress_);
    if (kind_ == WorkerKind::kExpress && options_->express_realtime) GoFirst();
    worker_->Start();
    co_return absl::OkStatus();
  }
  Co<void> Stop() {
    if (worker_) co_await worker_->Stop();
    redis_.Close();
  }

 private:
  const WorkerKind kind_;
  const Executor executor_;
  const Options* const options_;
  redis::Client redis_;
  InboxStore inbox_;
  Egress* const egress_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace

struct Server::Parts {
  Parts(const Loops& loops, Options o, const redis::Client::Options& redis, std::string key)
      : options(std::move(o)),
        egress(options.egress_rate ? std::make_unique<Egress>(*options.egress_rate) : nullptr),
        bulk(WorkerKind::kBulk, loops.bulk, &options, redis, egress.get()),
        inbox(loops.bulk, std::move(key), bulk.inbox()) {
    if (options.express_prefetch == 0 || options.express_connections == 0) return;
    express.emplace(WorkerKind::kExpress, loops.express, &options, redis, egress.get());
  }

  const Options options;
  const std::unique_ptr<Egress> egress;  // of both; null: no limit
  Post bulk;
  std::optional<Post> express;  // nullopt: class 1 goes with the rest
  InboxRpc inbox;
};

Server::Server(Loops loops, Options options, redis::Client::Options redis, std::string key)
    : parts_(std::make_unique<Parts>(loops, std::move(options), redis, std::move(key))) {}

Server::~Server() = default;

grpc::Service* Server::grpc_service() { return &parts_->inbox; }

Co<absl::Status> Server::Start(Peers peers) {
  auto tls = parts_->options.trust_file.empty()
                 ? net::TlsContext::OpportunisticClient()
                 : net::TlsContext::OpportunisticClient(parts_->options.trust_file);
  if (!tls.ok()) co_return tls.status();
  if (parts_->express) {
    Post& express = *parts_->express;
    const absl::Status started =
        co_await asio::co_spawn(express.executor(), express.Start(peers.queue, *tls), use_co);
    if (!started.ok()) co_return started;
  }
  co_return co_await parts_->bulk.Start(std::move(peers.queue), *std::move(tls));
}

Co<void> Server::Stop() {
  using asio::experimental::awaitable_operators::operator&&;
  co_await parts_->inbox.Drain();
  if (!parts_->express) co_return co_await parts_->bulk.Stop();
  // Both at once: each may need its grace.
  Post& express = *parts_->express;
  co_await (asio::co_spawn(express.executor(), express.Stop(), use_co) && parts_->bulk.Stop());
}

}  // namespace staffetta::delivery
