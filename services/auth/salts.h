#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "auth/auth_store.h"

namespace staffetta::auth {

// The salts of users' passwords. SCRAM shows a user's salt to everybody who asks, so it must not
// tell whether there is such a user: it is made from the name with a secret key, and stays the same
// before the user is created, whatever its passwords, and after it was deleted. A password is
// random, so that it does no harm that the next one has the salt of the one before. Confined to the
// executor.
class Salts {
 public:
  explicit Salts(AuthStore* store) : store_(*store) {}

  // Of any name, also of one that no user can have.
  Co<absl::StatusOr<std::string>> Of(std::string user);

 private:
  AuthStore& store_;
  std::string key_;  // empty: to be read
};

}  // namespace staffetta::auth
