#pragma once

#include <string>

#include "common/rpc/dispatcher.h"
#include "delivery/inbox_store.h"
#include "staffetta/delivery/v1/delivery.grpc.pb.h"

namespace staffetta::delivery {

// InboxService over an InboxStore, which must outlive it. Handlers run on the executor's thread.
class InboxRpc final : public v1::InboxService::CallbackService {
 public:
  InboxRpc(Executor executor, std::string key, InboxStore* store);

  grpc::ServerUnaryReactor* ListMessages(grpc::CallbackServerContext* context,
                                         const v1::ListMessagesRequest* request,
                                         v1::ListMessagesResponse* response) override;
  grpc::ServerUnaryReactor* GetMessage(grpc::CallbackServerContext* context,
                                       const v1::GetMessageRequest* request,
                                       v1::GetMessageResponse* response) override;
  grpc::ServerUnaryReactor* ClearMessages(grpc::CallbackServerContext* context,
                                          const v1::ClearMessagesRequest* request,
                                          v1::ClearMessagesResponse* response) override;

  Co<void> Drain() { return dispatcher_.Drain(); }

 private:
  Co<absl::Status> List(const v1::ListMessagesRequest* request, v1::ListMessagesResponse* response);
  Co<absl::Status> Get(const v1::GetMessageRequest* request, v1::GetMessageResponse* response);
  Co<absl::Status> Clear(const v1::ClearMessagesRequest* request,
                         v1::ClearMessagesResponse* response);

  InboxStore* const store_;
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::delivery
