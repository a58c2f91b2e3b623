#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>

#include "auth/auth_store.h"
#include "auth/derivation_pool.h"
#include "auth/salts.h"
#include "auth/sender_rights.h"
#include "auth/state_events.h"
#include "common/base/clock.h"
#include "staffetta/auth/v1/auth.pb.h"

namespace staffetta::auth {

// Administration of SMTP users (SPEC U1–U11). Each change is read, edited and stored on condition
// that nobody changed the user meanwhile, else done again: no update is lost. Confined to the
// executor.
//
// A user's senders are the policy service's. Where an answer shows them and policy is down, the
// call fails if it changed nothing, else it answers without them: the change is made.
class Users {
 public:
  Users(AuthStore* store, DerivationPool* pool, Salts* salts, SenderRights* rights,
        rpc::EventPublisher* events, const Clock* clock);

  Co<absl::Status> CreateUser(const v1::CreateUserRequest* request,
                              v1::CreateUserResponse* response);
  Co<absl::Status> ListUsers(const v1::ListUsersRequest* request, v1::ListUsersResponse* response);
  Co<absl::Status> GetUser(const v1::GetUserRequest* request, v1::GetUserResponse* response);
  Co<absl::Status> UpdateUser(const v1::UpdateUserRequest* request,
                              v1::UpdateUserResponse* response);
  Co<absl::Status> ActivateUser(const v1::ActivateUserRequest* request,
                                v1::ActivateUserResponse* response);
  Co<absl::Status> DeactivateUser(const v1::DeactivateUserRequest* request,
                                  v1::DeactivateUserResponse* response);
  Co<absl::Status> BlockUser(const v1::BlockUserRequest* request, v1::BlockUserResponse* response);
  Co<absl::Status> RegeneratePassword(const v1::RegeneratePasswordRequest* request,
                                      v1::RegeneratePasswordResponse* response);
  Co<absl::Status> DeleteUser(const v1::DeleteUserRequest* request,
                              v1::DeleteUserResponse* response);

 private:
  // Changes a user, or says why not.
  using Edit = std::function<absl::Status(v1::User*)>;
  struct Changed {
    v1::User user;
    v1::UserStatus before;
  };

  Co<absl::StatusOr<AuthStore::Stored>> Find(std::string name);
  Co<absl::StatusOr<Changed>> Change(std::string name, Edit edit,
                                     std::optional<Verifier> verifier = std::nullopt);
  // What is kept of a new password.
  Co<absl::StatusOr<Verifier>> MakeVerifier(std::string user, std::string password);
  // Fills in the senders.
  Co<absl::Status> AddSenders(v1::User* user);
  // The same for an answer to a change that is made.
  Co<void> TryAddSenders(v1::User* user);

  AuthStore* const store_;
  DerivationPool* const pool_;
  Salts* const salts_;
  SenderRights* const rights_;
  rpc::EventPublisher* const events_;
  const Clock* const clock_;
};

}  // namespace staffetta::auth
