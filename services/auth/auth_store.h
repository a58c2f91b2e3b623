#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "auth/network_table.h"
#include "auth/user_name.h"
#include "auth/verifier.h"
#include "common/redis/client.h"
#include "staffetta/auth/v1/auth.pb.h"

namespace staffetta::auth {

// Accounts and users in Redis; the only file of this service that speaks it. Each change is one
// atomic script. Confined to the client's executor. Errors are the client's; what a failed change
// left behind is then unknown. The keys are described in auth_store.cc.
class AuthStore {
 public:
  // A user as it is stored. `user.senders` is empty: the policy service has them.
  struct Stored {
    v1::User user;
    Verifier verifier;
    v1::Account account;
    std::string record;  // `user` as read, by which Replace sees that nobody changed it since
  };
  struct Page {
    std::vector<v1::User> users;
    std::string next;  // `after` of the next page; empty: that was all
  };

  // On which the name of each user whose rights change is published.
  static const char kChanges[];

  explicit AuthStore(redis::Client* client) : client_(client) {}

  // Can Redis be reached?
  Co<absl::Status> Check();

  // The account with its number.
  Co<absl::StatusOr<v1::Account>> CreateAccount(v1::Account account);
  Co<absl::StatusOr<std::vector<v1::Account>>> ListAccounts();

  // A name that was never given before. NOT_FOUND: no such account.
  Co<absl::StatusOr<UserName>> ReserveUserName(uint64_t account_id);
  Co<absl::Status> InsertUser(UserName name, v1::User user, Verifier verifier);
  // nullopt: none of that name, or it was deleted.
  Co<absl::StatusOr<std::optional<Stored>>> FindUser(UserName name);
  // The same, with other commands about that user sent along; their replies are put in `*replies`.
  Co<absl::StatusOr<std::optional<Stored>>> FindUserWith(UserName name,
                                                         std::vector<redis::Command> others,
                                                         std::vector<redis::Value>* replies);
  // Puts `user` in the place of `old`, with `verifier` when there is one, and tells the watchers.
  // False: somebody else changed or deleted it meanwhile; nothing was changed.
  Co<absl::StatusOr<bool>> Replace(Stored old, v1::User user, std::optional<Verifier> verifier);
  // Leaves only the name, so that it is not given again. False: there was none.
  Co<absl::StatusOr<bool>> DeleteUser(UserName name);
  // By account and number, from behind `after`; account 0: all. INVALID_ARGUMENT: `after` is not
  // from a page.
  Co<absl::StatusOr<Page>> ListUsers(uint64_t account_id, std::string after, int limit);

  // What the salts of this installation's users are made with; made at the first call of all.
  Co<absl::StatusOr<std::string>> SaltKey();

  // Of active users that may use SMTP.
  Co<absl::StatusOr<std::vector<NetworkTable::Entry>>> OpenNetworks();

 private:
  redis::Client* const client_;
};

}  // namespace staffetta::auth
