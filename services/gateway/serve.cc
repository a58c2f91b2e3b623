#include "gateway/serve.h"

#include <utility>

#include "common/base/task_group.h"
#include "gateway/remote_backends.h"
#include "gateway/remote_queue.h"
#include "gateway/server.h"

namespace staffetta::gateway {

struct Server::Parts {
  Parts(const Runtime& runtime, const Options& options, Peers peers)
      : authenticator(std::move(peers.auth), options.remember_networks),
        senders(std::move(peers.policy)),
        queue(runtime, std::move(peers.queue)),
        smtp(runtime, options, Backends{&authenticator, &senders, &queue}),
        watching(runtime.executor(0), "gateway watch") {}

  RemoteAuthenticator authenticator;
  RemoteSenderPolicy senders;
  RemoteMessageQueue queue;
  SmtpServer smtp;
  TaskGroup watching;
};

Server::Server(const Runtime& runtime, Options options, std::string key)
    : runtime_(runtime),
      options_(std::move(options)),
      edge_(runtime.executor(0), std::move(key), [this]() -> std::optional<SmtpServer::Status> {
        if (!parts_) return std::nullopt;
        return parts_->smtp.status();
      }) {}

Server::~Server() = default;

grpc::Service* Server::grpc_service() { return &edge_; }

Co<absl::Status> Server::Start(Peers peers) {
  parts_ = std::make_unique<Parts>(runtime_, options_, std::move(peers));
  parts_->watching.Spawn(parts_->authenticator.Watch(runtime_.executor(0)));
  co_return parts_->smtp.Start();
}

Co<void> Server::Stop() {
  co_await edge_.Drain();
  if (!parts_) co_return;
  co_await parts_->smtp.Stop();
  co_await parts_->queue.Stop();
  parts_->authenticator.StopWatching();
  co_await parts_->watching.Wait();
}

std::vector<uint16_t> Server::ports() const {
  return parts_ ? parts_->smtp.ports() : std::vector<uint16_t>();
}

}  // namespace staffetta::gateway
