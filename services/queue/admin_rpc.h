#pragma once

#include <string>
#include <vector>

#include "common/rpc/dispatcher.h"
#include "queue/partitions.h"
#include "queue/scheduler.h"
#include "staffetta/queue/v1/admin.grpc.pb.h"

namespace staffetta::queue {

// The QueueAdminService of admin.proto. Confined to the group's thread, but for the methods that
// gRPC calls.
class AdminRpc final : public v1::QueueAdminService::CallbackService {
 public:
  AdminRpc(std::vector<Stores> partitions, Scheduler* scheduler, TaskGroup* group, std::string key);

  // From now on there is one more, the next in order.
  void Add(Stores partition) { partitions_.push_back(partition); }

  // Resumes when no call is running.
  Co<void> Drain() { return dispatcher_.Drain(); }

  grpc::ServerUnaryReactor* ChangeDeliveries(grpc::CallbackServerContext* context,
                                             const v1::ChangeDeliveriesRequest* request,
                                             v1::ChangeDeliveriesResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &AdminRpc::DoChangeDeliveries);
  }
  grpc::ServerUnaryReactor* Hold(grpc::CallbackServerContext* context,
                                 const v1::HoldRequest* request,
                                 v1::HoldResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &AdminRpc::DoHold);
  }
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::ReleaseResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &AdminRpc::DoRelease);
  }
  grpc::ServerUnaryReactor* ListHolds(grpc::CallbackServerContext* context,
                                      const v1::ListHoldsRequest* request,
                                      v1::ListHoldsResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &AdminRpc::DoListHolds);
  }
  grpc::ServerUnaryReactor* SetThrottle(grpc::CallbackServerContext* context,
                                        const v1::SetThrottleRequest* request,
                                        v1::SetThrottleResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &AdminRpc::DoSetThrottle);
  }
  grpc::ServerUnaryReactor* ListThrottles(grpc::CallbackServerContext* context,
                                          const v1::ListThrottlesRequest* request,
                                          v1::ListThrottlesResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &AdminRpc::DoListThrottles);
  }
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &AdminRpc::DoExplain);
  }

 private:
  Co<absl::Status> DoChangeDeliveries(const v1::ChangeDeliveriesRequest* request,
                                      v1::ChangeDeliveriesResponse* response);
  Co<absl::Status> DoHold(const v1::HoldRequest* request, v1::HoldResponse* response);
  Co<absl::Status> DoRelease(const v1::ReleaseRequest* request, v1::ReleaseResponse* response);
  Co<absl::Status> DoListHolds(const v1::ListHoldsRequest* request,
                               v1::ListHoldsResponse* response);
  Co<absl::Status> DoSetThrottle(const v1::SetThrottleRequest* request,
                                 v1::SetThrottleResponse* response);
  Co<absl::Status> DoListThrottles(const v1::ListThrottlesRequest* request,
                                   v1::ListThrottlesResponse* response);
  Co<absl::Status> DoExplain(const v1::ExplainRequest* request, v1::ExplainResponse* response);

  std::vector<Stores> partitions_;
  Scheduler* const scheduler_;
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::queue
