#include "auth/credential_cache.h"

#include "common/base/ids.h"
#include "common/base/secret.h"

namespace staffetta::auth {

CredentialCache::CredentialCache(absl::Duration remember, size_t capacity, const Clock* clock)
    : remember_(remember), capacity_(capacity), clock_(clock), secret_(NewToken()) {}

std::string CredentialCache::KeyOf(std::string_view user, std::string_view password,
                                   const Verifier& verifier) const {
  // The verifier's key has a fixed length and stands first; a user name has no NUL: no two
  // credentials give the same text.
  std::string text = verifier.stored_key;
  text.append(user).push_back('\0');
  text.append(password);
  return HmacSha256(secret_, text);
}

bool CredentialCache::Knows(const std::string& key) {
  DropOld();
  return until_.contains(key);
}

void CredentialCache::Remember(const std::string& key) {
  DropOld();
  if (remember_ <= absl::ZeroDuration() || until_.contains(key)) return;
  if (until_.size() == capacity_) {
    until_.erase(oldest_.front());
    oldest_.pop_front();
  }
  until_.emplace(key, clock_->Now() + remember_);
  oldest_.push_back(key);
}

void CredentialCache::DropOld() {
  const absl::Time now = clock_->Now();
  while (!oldest_.empty() && until_.at(oldest_.front()) <= now) {
    until_.erase(oldest_.front());
    oldest_.pop_front();
  }
}

}  // namespace staffetta::auth
