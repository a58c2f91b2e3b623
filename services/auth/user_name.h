#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace staffetta::auth {

// s<account>_<n> (SPEC U2): the account counts from 1, n from 0.
struct UserName {
  uint64_t account_id = 0;
  uint64_t number = 0;

  std::string ToString() const;

  friend bool operator==(const UserName&, const UserName&) = default;
};

// Only the spelling that ToString gives; nullopt for anything else, so that a name can be part of
// a key.
std::optional<UserName> ParseUserName(std::string_view text);

}  // namespace staffetta::auth
