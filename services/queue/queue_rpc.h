#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/batcher.h"
#include "common/rpc/direct.h"
#include "common/rpc/dispatcher.h"
#include "queue/partitions.h"
#include "queue/scheduler.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::queue {

// The QueueService of queue.proto. Confined to the group's thread, but for the methods that gRPC
// calls.
class QueueRpc final : public v1::QueueService::CallbackService {
 public:
  struct Options {
    RecordOptions records;
    absl::Duration lease_time;
  };
  QueueRpc(const std::vector<Stores>& partitions, Scheduler* scheduler, TaskGroup* group,
           std::string key, Options options);

  // Offers what every message needs to callers in this process.
  void Offer(rpc::DirectMethods* direct);
  // Ends long polls and resumes when no call is running.
  Co<void> Drain() { return dispatcher_.Drain(); }
  // From now on there is one more, the next in order.
  void Add(Stores partition);
  // What the durability check at start found.
  void SetDurability(v1::Durability durability);

  grpc::ServerUnaryReactor* Enqueue(grpc::CallbackServerContext* context,
                                    const v1::EnqueueRequest* request,
                                    v1::EnqueueResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoEnqueue);
  }
  grpc::ServerUnaryReactor* Lease(grpc::CallbackServerContext* context,
                                  const v1::LeaseRequest* request,
                                  v1::LeaseResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoLease,
                             &QueueRpc::Unlease);
  }
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                  const v1::RenewRequest* request,
                                  v1::RenewResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoRenew);
  }
  grpc::ServerUnaryReactor* Complete(grpc::CallbackServerContext* context,
                                     const v1::CompleteRequest* request,
                                     v1::CompleteResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoComplete);
  }
  grpc::ServerUnaryReactor* PutContent(grpc::CallbackServerContext* context,
                                       const v1::PutContentRequest* request,
                                       v1::PutContentResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoPutContent);
  }
  grpc::ServerUnaryReactor* GetContent(grpc::CallbackServerContext* context,
                                       const v1::GetContentRequest* request,
                                       v1::GetContentResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoGetContent);
  }
  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoGetStats);
  }
  grpc::ServerUnaryReactor* ListDeliveries(grpc::CallbackServerContext* context,
                                           const v1::ListDeliveriesRequest* request,
                                           v1::ListDeliveriesResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoListDeliveries);
  }
  grpc::ServerUnaryReactor* GetQueuedMessage(grpc::CallbackServerContext* context,
                                             const v1::GetQueuedMessageRequest* request,
                                             v1::GetQueuedMessageResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &QueueRpc::DoGetQueuedMessage);
  }

 private:
  Co<absl::Status> DoEnqueue(const v1::EnqueueRequest* request, v1::EnqueueResponse* response);
  Co<absl::Status> DoLease(const v1::LeaseRequest* request, v1::LeaseResponse* response);
  // Nobody works on these: they are handed back.
  Co<void> Unlease(v1::LeaseResponse response);
  Co<absl::Status> DoRenew(const v1::RenewRequest* request, v1::RenewResponse* response);
  Co<absl::Status> DoComplete(const v1::CompleteRequest* request, v1::CompleteResponse* response);
  Co<absl::Status> DoPutContent(const v1::PutContentRequest* request,
                                v1::PutContentResponse* response);
  Co<absl::Status> DoGetContent(const v1::GetContentRequest* request,
                                v1::GetContentResponse* response);
  Co<absl::Status> DoGetStats(const v1::GetStatsRequest* request, v1::GetStatsResponse* response);
  Co<absl::Status> DoListDeliveries(const v1::ListDeliveriesRequest* request,
                                    v1::ListDeliveriesResponse* response);
  Co<absl::Status> DoGetQueuedMessage(const v1::GetQueuedMessageRequest* request,
                                      v1::GetQueuedMessageResponse* response);

  // Nobody can work on what is damaged: an operator must see it.
  Co<void> SetAside(std::vector<StorableCompletion> damaged);

  std::vector<Stores> partitions_;
  Scheduler* const scheduler_;
  TaskGroup* const group_;
  Options options_;
  v1::Durability durability_ = v1::DURABILITY_UNSPECIFIED;
  std::vector<std::unique_ptr<Batcher<StorableMessage>>> enqueued_;  // by partition
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::queue
