#include "auth/auth_rpc.h"

#include <utility>

namespace staffetta::auth {

AuthRpc::AuthRpc(Executor executor, std::string key, Authenticator* authenticator,
                 Accounts* accounts, Users* users)
    : authenticator_(authenticator),
      accounts_(accounts),
      users_(users),
      dispatcher_(executor, std::move(key), "auth") {}

AuthRpc::Reactor* AuthRpc::Authenticate(Context* context, const v1::AuthenticateRequest* request,
                                        v1::AuthenticateResponse* response) {
  return dispatcher_.Unary(context, request, response, authenticator_,
                           &Authenticator::Authenticate);
}

AuthRpc::Reactor* AuthRpc::GetScramParameters(Context* context,
                                              const v1::GetScramParametersRequest* request,
                                              v1::GetScramParametersResponse* response) {
  return dispatcher_.Unary(context, request, response, authenticator_,
                           &Authenticator::GetScramParameters);
}

AuthRpc::Reactor* AuthRpc::AuthenticateScram(Context* context,
                                             const v1::AuthenticateScramRequest* request,
                                             v1::AuthenticateScramResponse* response) {
  return dispatcher_.Unary(context, request, response, authenticator_,
                           &Authenticator::AuthenticateScram);
}

AuthRpc::Reactor* AuthRpc::AuthenticateToken(Context* context,
                                             const v1::AuthenticateTokenRequest* request,
                                             v1::AuthenticateTokenResponse* response) {
  return dispatcher_.Unary(context, request, response, authenticator_,
                           &Authenticator::AuthenticateToken);
}

AuthRpc::Reactor* AuthRpc::CountMessage(Context* context, const v1::CountMessageRequest* request,
                                        v1::CountMessageResponse* response) {
  return dispatcher_.Unary(context, request, response, authenticator_,
                           &Authenticator::CountMessage);
}

AuthRpc::Reactor* AuthRpc::IdentifyNetwork(Context* context,
                                           const v1::IdentifyNetworkRequest* request,
                                           v1::IdentifyNetworkResponse* response) {
  return dispatcher_.Unary(context, request, response, authenticator_,
                           &Authenticator::IdentifyNetwork);
}

AuthRpc::Reactor* AuthRpc::GetIdentity(Context* context, const v1::GetIdentityRequest* request,
                                       v1::GetIdentityResponse* response) {
  return dispatcher_.Unary(context, request, response, authenticator_, &Authenticator::GetIdentity);
}

AuthRpc::Reactor* AuthRpc::CreateAccount(Context* context, const v1::CreateAccountRequest* request,
                                         v1::CreateAccountResponse* response) {
  return dispatcher_.Unary(context, request, response, accounts_, &Accounts::CreateAccount);
}

AuthRpc::Reactor* AuthRpc::ListAccounts(Context* context, const v1::ListAccountsRequest* request,
                                        v1::ListAccountsResponse* response) {
  return dispatcher_.Unary(context, request, response, accounts_, &Accounts::ListAccounts);
}

AuthRpc::Reactor* AuthRpc::CreateUser(Context* context, const v1::CreateUserRequest* request,
                                      v1::CreateUserResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::CreateUser);
}

AuthRpc::Reactor* AuthRpc::ListUsers(Context* context, const v1::ListUsersRequest* request,
                                     v1::ListUsersResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::ListUsers);
}

AuthRpc::Reactor* AuthRpc::GetUser(Context* context, const v1::GetUserRequest* request,
                                   v1::GetUserResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::GetUser);
}

AuthRpc::Reactor* AuthRpc::UpdateUser(Context* context, const v1::UpdateUserRequest* request,
                                      v1::UpdateUserResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::UpdateUser);
}

AuthRpc::Reactor* AuthRpc::ActivateUser(Context* context, const v1::ActivateUserRequest* request,
                                        v1::ActivateUserResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::ActivateUser);
}

AuthRpc::Reactor* AuthRpc::DeactivateUser(Context* context,
                                          const v1::DeactivateUserRequest* request,
                                          v1::DeactivateUserResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::DeactivateUser);
}

AuthRpc::Reactor* AuthRpc::BlockUser(Context* context, const v1::BlockUserRequest* request,
                                     v1::BlockUserResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::BlockUser);
}

AuthRpc::Reactor* AuthRpc::RegeneratePassword(Context* context,
                                              const v1::RegeneratePasswordRequest* request,
                                              v1::RegeneratePasswordResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::RegeneratePassword);
}

AuthRpc::Reactor* AuthRpc::DeleteUser(Context* context, const v1::DeleteUserRequest* request,
                                      v1::DeleteUserResponse* response) {
  return dispatcher_.Unary(context, request, response, users_, &Users::DeleteUser);
}

grpc::ServerWriteReactor<v1::WatchUsersResponse>* AuthRpc::WatchUsers(
    Context* context, const v1::WatchUsersRequest* request) {
  return dispatcher_.Stream(context, request, this, &AuthRpc::Watch);
}

Co<absl::Status> AuthRpc::Watch(const v1::WatchUsersRequest*,
                                rpc::Writer<v1::WatchUsersResponse>* out) {
  if (changes_ == nullptr) co_return absl::UnavailableError("auth is starting");
  UserChanges::Watcher watcher(changes_);
  if (!changes_->live()) co_return absl::UnavailableError("changes do not arrive from Redis");
  v1::WatchUsersResponse message;  // the first one is empty: nothing is missed from here on
  while (true) {
    const bool written = co_await out->Write(std::move(message));
    if (!written) co_return absl::CancelledError();
    absl::StatusOr<std::vector<std::string>> names = co_await watcher.Next();
    if (!names.ok()) co_return names.status();
    message.Clear();
    for (std::string& name : *names) message.add_users(std::move(name));
  }
}

}  // namespace staffetta::auth
