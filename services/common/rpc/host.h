#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

namespace staffetta::rpc {

// The gRPC server of this process, with the services of all roles that run in it. Thread-safe.
// It also answers health checks (grpc.health.v1) and reflection.
class Host {
 public:
  // Listens on `endpoint` ("host:port", port 0 for any free one, or "unix:/path") and in-process.
  // The services must outlive the host. UNAVAILABLE: the endpoint cannot be bound.
  static absl::StatusOr<std::unique_ptr<Host>> Start(const std::string& endpoint,
                                                     const std::vector<grpc::Service*>& services);

  // Where it really listens: the endpoint with its port filled in.
  const std::string& endpoint() const { return endpoint_; }

  // A channel to this server without a socket.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Takes no new calls, waits for running ones until `grace` is over, then cancels them. Blocks.
  void Shutdown(absl::Duration grace);

 private:
  Host() = default;

  std::string endpoint_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace staffetta::rpc
