#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/user_name.h"
#include "common/base/network.h"

namespace staffetta::auth {

// Which user has opened the network of an address (SPEC U10): the longest prefix wins, then the
// lowest user name. Immutable.
class NetworkTable {
 public:
  struct Entry {
    Network network;
    UserName user;
  };

  explicit NetworkTable(std::vector<Entry> entries);

  std::optional<UserName> Find(const asio::ip::address& client) const;

 private:
  std::vector<Entry> entries_;  // best first
};

}  // namespace staffetta::auth
