#pragma once

// For tests of a whole service: gRPC in, without a socket. Blocks the test's thread.

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/runtime.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "common/rpc/peers.h"

namespace staffetta::rpc {

inline constexpr char kTestKey[] = "the-key-of-these-tests";

// gRPC services of this process and the way to them. They take the key above and outlive it.
class TestHost {
 public:
  explicit TestHost(const std::vector<grpc::Service*>& services)
      : host_(*Host::Start("127.0.0.1:0", services)),
        peer_(LocalPeer(host_->InProcessChannel(), kTestKey, absl::Seconds(20))) {}
  ~TestHost() { host_->Shutdown(absl::ZeroDuration()); }

  const std::shared_ptr<const Peer>& peer() const { return peer_; }

 private:
  const std::unique_ptr<Host> host_;
  const std::shared_ptr<const Peer> peer_;
};

// One process of a service, in this one, on the runtime's loop 0: from Server::Start to Stop.
template <class Server, class Service>
class TestReplica {
 public:
  template <class... Peers>
  TestReplica(const Runtime* runtime, std::unique_ptr<Server> server, Peers... peers)
      : runtime_(runtime), server_(std::move(server)) {
    host_.emplace(std::vector<grpc::Service*>{server_->grpc_service()});
    client_.emplace(host_->peer());
    const absl::Status started = Wait(server_->Start(std::move(peers)...));
    EXPECT_TRUE(started.ok()) << started;
  }
  ~TestReplica() {
    runtime_->Block(server_->Stop());
    host_.reset();
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(
      void (Client<Service>::Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                             std::function<void(grpc::Status)>),
      std::type_identity_t<Request> request) {
    return Wait(client_->Call(method, std::move(request)));
  }
  template <class T>
  T Wait(Co<T> coroutine) {
    std::optional<T> result;
    runtime_->Block(Store(std::move(coroutine), &result));
    return *std::move(result);
  }

  const Client<Service>& client() const { return *client_; }
  Executor executor() const { return runtime_->executor(0); }

 private:
  template <class T>
  static Co<void> Store(Co<T> coroutine, std::optional<T>* result) {
    result->emplace(co_await std::move(coroutine));
  }

  const Runtime* const runtime_;
  const std::unique_ptr<Server> server_;
  std::optional<TestHost> host_;
  std::optional<Client<Service>> client_;
};

}  // namespace staffetta::rpc
