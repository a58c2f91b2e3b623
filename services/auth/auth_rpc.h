#pragma once

#include <string>

#include "auth/accounts.h"
#include "auth/authenticator.h"
#include "auth/user_changes.h"
#include "auth/users.h"
#include "common/rpc/dispatcher.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"

namespace staffetta::auth {

// The gRPC edge: hands each call to its handler on the service's thread. Thread-safe but for
// SetChanges and Drain.
class AuthRpc final : public v1::AuthService::CallbackService {
 public:
  AuthRpc(Executor executor, std::string key, Authenticator* authenticator, Accounts* accounts,
          Users* users);

  // Until then WatchUsers is UNAVAILABLE.
  void SetChanges(UserChanges* changes) { changes_ = changes; }
  Co<void> Drain() { return dispatcher_.Drain(); }

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* Authenticate(Context* context, const v1::AuthenticateRequest* request,
                        v1::AuthenticateResponse* response) override;
  Reactor* GetScramParameters(Context* context, const v1::GetScramParametersRequest* request,
                              v1::GetScramParametersResponse* response) override;
  Reactor* AuthenticateScram(Context* context, const v1::AuthenticateScramRequest* request,
                             v1::AuthenticateScramResponse* response) override;
  Reactor* AuthenticateToken(Context* context, const v1::AuthenticateTokenRequest* request,
                             v1::AuthenticateTokenResponse* response) override;
  Reactor* CountMessage(Context* context, const v1::CountMessageRequest* request,
                        v1::CountMessageResponse* response) override;
  Reactor* IdentifyNetwork(Context* context, const v1::IdentifyNetworkRequest* request,
                           v1::IdentifyNetworkResponse* response) override;
  Reactor* GetIdentity(Context* context, const v1::GetIdentityRequest* request,
                       v1::GetIdentityResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchUsersResponse>* WatchUsers(
      Context* context, const v1::WatchUsersRequest* request) override;
  Reactor* CreateAccount(Context* context, const v1::CreateAccountRequest* request,
                         v1::CreateAccountResponse* response) override;
  Reactor* ListAccounts(Context* context, const v1::ListAccountsRequest* request,
                        v1::ListAccountsResponse* response) override;
  Reactor* CreateUser(Context* context, const v1::CreateUserRequest* request,
                      v1::CreateUserResponse* response) override;
  Reactor* ListUsers(Context* context, const v1::ListUsersRequest* request,
                     v1::ListUsersResponse* response) override;
  Reactor* GetUser(Context* context, const v1::GetUserRequest* request,
                   v1::GetUserResponse* response) override;
  Reactor* UpdateUser(Context* context, const v1::UpdateUserRequest* request,
                      v1::UpdateUserResponse* response) override;
  Reactor* ActivateUser(Context* context, const v1::ActivateUserRequest* request,
                        v1::ActivateUserResponse* response) override;
  Reactor* DeactivateUser(Context* context, const v1::DeactivateUserRequest* request,
                          v1::DeactivateUserResponse* response) override;
  Reactor* BlockUser(Context* context, const v1::BlockUserRequest* request,
                     v1::BlockUserResponse* response) override;
  Reactor* RegeneratePassword(Context* context, const v1::RegeneratePasswordRequest* request,
                              v1::RegeneratePasswordResponse* response) override;
  Reactor* DeleteUser(Context* context, const v1::DeleteUserRequest* request,
                      v1::DeleteUserResponse* response) override;

 private:
  Co<absl::Status> Watch(const v1::WatchUsersRequest* request,
                         rpc::Writer<v1::WatchUsersResponse>* out);

  Authenticator* const authenticator_;
  Accounts* const accounts_;
  Users* const users_;
  UserChanges* changes_ = nullptr;
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::auth
