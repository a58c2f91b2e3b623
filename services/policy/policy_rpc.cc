#include "policy/policy_rpc.h"

#include <utility>

namespace staffetta::policy {

PolicyRpc::PolicyRpc(Executor executor, std::string key, Checker* checker, Senders* senders)
    : checker_(checker), senders_(senders), dispatcher_(executor, std::move(key), "policy") {}

PolicyRpc::Reactor* PolicyRpc::CheckSender(Context* context, const v1::CheckSenderRequest* request,
                                           v1::CheckSenderResponse* response) {
  return dispatcher_.Unary(context, request, response, checker_, &Checker::CheckSender);
}

PolicyRpc::Reactor* PolicyRpc::AddSender(Context* context, const v1::AddSenderRequest* request,
                                         v1::AddSenderResponse* response) {
  return dispatcher_.Unary(context, request, response, senders_, &Senders::AddSender);
}

PolicyRpc::Reactor* PolicyRpc::ListSenders(Context* context, const v1::ListSendersRequest* request,
                                           v1::ListSendersResponse* response) {
  return dispatcher_.Unary(context, request, response, senders_, &Senders::ListSenders);
}

PolicyRpc::Reactor* PolicyRpc::GetSender(Context* context, const v1::GetSenderRequest* request,
                                         v1::GetSenderResponse* response) {
  return dispatcher_.Unary(context, request, response, senders_, &Senders::GetSender);
}

PolicyRpc::Reactor* PolicyRpc::VerifySender(Context* context,
                                            const v1::VerifySenderRequest* request,
                                            v1::VerifySenderResponse* response) {
  return dispatcher_.Unary(context, request, response, senders_, &Senders::VerifySender);
}

PolicyRpc::Reactor* PolicyRpc::RemoveSender(Context* context,
                                            const v1::RemoveSenderRequest* request,
                                            v1::RemoveSenderResponse* response) {
  return dispatcher_.Unary(context, request, response, senders_, &Senders::RemoveSender);
}

PolicyRpc::Reactor* PolicyRpc::SetUserSenders(Context* context,
                                              const v1::SetUserSendersRequest* request,
                                              v1::SetUserSendersResponse* response) {
  return dispatcher_.Unary(context, request, response, senders_, &Senders::SetUserSenders);
}

PolicyRpc::Reactor* PolicyRpc::GetUserSenders(Context* context,
                                              const v1::GetUserSendersRequest* request,
                                              v1::GetUserSendersResponse* response) {
  return dispatcher_.Unary(context, request, response, senders_, &Senders::GetUserSenders);
}

}  // namespace staffetta::policy
