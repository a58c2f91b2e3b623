#pragma once

#include <string>

#include "common/rpc/dispatcher.h"
#include "policy/checker.h"
#include "policy/senders.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::policy {

// The gRPC edge: hands each call to its handler on the service's thread. Thread-safe but for Drain.
class PolicyRpc final : public v1::PolicyService::CallbackService {
 public:
  PolicyRpc(Executor executor, std::string key, Checker* checker, Senders* senders);

  Co<void> Drain() { return dispatcher_.Drain(); }

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CheckSender(Context* context, const v1::CheckSenderRequest* request,
                       v1::CheckSenderResponse* response) override;
  Reactor* AddSender(Context* context, const v1::AddSenderRequest* request,
                     v1::AddSenderResponse* response) override;
  Reactor* ListSenders(Context* context, const v1::ListSendersRequest* request,
                       v1::ListSendersResponse* response) override;
  Reactor* GetSender(Context* context, const v1::GetSenderRequest* request,
                     v1::GetSenderResponse* response) override;
  Reactor* VerifySender(Context* context, const v1::VerifySenderRequest* request,
                        v1::VerifySenderResponse* response) override;
  Reactor* RemoveSender(Context* context, const v1::RemoveSenderRequest* request,
                        v1::RemoveSenderResponse* response) override;
  Reactor* SetUserSenders(Context* context, const v1::SetUserSendersRequest* request,
                          v1::SetUserSendersResponse* response) override;
  Reactor* GetUserSenders(Context* context, const v1::GetUserSendersRequest* request,
                          v1::GetUserSendersResponse* response) override;

 private:
  Checker* const checker_;
  Senders* const senders_;
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::policy
