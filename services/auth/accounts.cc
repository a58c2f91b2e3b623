#include "auth/accounts.h"

#include <utility>

#include "auth/user_rules.h"
#include "common/base/channel.h"

namespace staffetta::auth {

Co<absl::Status> Accounts::CreateAccount(const v1::CreateAccountRequest* request,
                                         v1::CreateAccountResponse* response) {
  v1::Account account;
  account.set_name(request->name());
  account.set_channel(request->channel().empty() ? kDefaultChannel : request->channel());
  if (absl::Status status = CheckAccount(account); !status.ok()) co_return status;
  absl::StatusOr<v1::Account> created = co_await store_->CreateAccount(std::move(account));
  if (!created.ok()) co_return created.status();
  *response->mutable_account() = *std::move(created);
  co_return absl::OkStatus();
}

Co<absl::Status> Accounts::ListAccounts(const v1::ListAccountsRequest*,
                                        v1::ListAccountsResponse* response) {
  absl::StatusOr<std::vector<v1::Account>> accounts = co_await store_->ListAccounts();
  if (!accounts.ok()) co_return accounts.status();
  for (v1::Account& account : *accounts) *response->add_accounts() = std::move(account);
  co_return absl::OkStatus();
}

}  // namespace staffetta::auth
