#pragma once

#include <absl/status/status.h>

#include "auth/auth_store.h"
#include "staffetta/auth/v1/auth.pb.h"

namespace staffetta::auth {

// Administration of accounts. Confined to the executor.
class Accounts {
 public:
  explicit Accounts(AuthStore* store) : store_(store) {}

  Co<absl::Status> CreateAccount(const v1::CreateAccountRequest* request,
                                 v1::CreateAccountResponse* response);
  Co<absl::Status> ListAccounts(const v1::ListAccountsRequest* request,
                                v1::ListAccountsResponse* response);

 private:
  AuthStore* const store_;
};

}  // namespace staffetta::auth
