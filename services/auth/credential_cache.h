#pragma once

#include <absl/time/time.h>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "auth/verifier.h"
#include "common/base/clock.h"

namespace staffetta::auth {

// Remembers for a short time which passwords were right, to spare their derivation. It says nothing
// about whether the user may still do anything: that is read from the store each time.
//
// What is kept is an HMAC over user, password and verifier under a key of this process: no password
// can be read from it, and when the user's password changes, on whatever replica, the entry is
// found no more. Bounded; the oldest go first. Confined to one thread.
class CredentialCache {
 public:
  // `remember` 0: nothing is remembered.
  CredentialCache(absl::Duration remember, size_t capacity, const Clock* clock);

  // The key of a credential; its cost does not depend on whether it is known.
  std::string KeyOf(std::string_view user, std::string_view password,
                    const Verifier& verifier) const;

  bool Knows(const std::string& key);
  void Remember(const std::string& key);

  size_t size() const { return until_.size(); }

 private:
  void DropOld();

  const absl::Duration remember_;
  const size_t capacity_;
  const Clock* const clock_;
  const std::string secret_;
  std::unordered_map<std::string, absl::Time> until_;
  std::deque<std::string> oldest_;  // all live equally long: in order of their end
};

}  // namespace staffetta::auth
