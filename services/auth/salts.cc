#include "auth/salts.h"

#include <utility>

#include "common/base/secret.h"

namespace staffetta::auth {

Co<absl::StatusOr<std::string>> Salts::Of(std::string user) {
  if (key_.empty()) {
    absl::StatusOr<std::string> key = co_await store_.SaltKey();
    if (!key.ok()) co_return key.status();
    if (key->empty()) co_return absl::InternalError("the key of salts is empty");
    key_ = *std::move(key);
  }
  co_return HmacSha256(key_, user).substr(0, kSaltBytes);
}

}  // namespace staffetta::auth
