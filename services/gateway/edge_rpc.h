#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/rpc/dispatcher.h"
#include "gateway/server.h"
#include "staffetta/gateway/v1/gateway.grpc.pb.h"

namespace staffetta::gateway {

// EdgeService. Handlers run on the executor's thread.
class EdgeRpc final : public v1::EdgeService::CallbackService {
 public:
  // `status` is asked there; nullopt: the edge is not open yet, or no more (UNAVAILABLE).
  EdgeRpc(Executor executor, std::string key,
          std::function<std::optional<SmtpServer::Status>()> status);

  grpc::ServerUnaryReactor* GetEdgeStatus(grpc::CallbackServerContext* context,
                                          const v1::GetEdgeStatusRequest* request,
                                          v1::GetEdgeStatusResponse* response) override;

  Co<void> Drain() { return dispatcher_.Drain(); }

 private:
  Co<absl::Status> Get(const v1::GetEdgeStatusRequest* request,
                       v1::GetEdgeStatusResponse* response);

  const std::function<std::optional<SmtpServer::Status>()> status_;
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::gateway
