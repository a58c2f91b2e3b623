#include "auth/network_table.h"

#include <algorithm>
#include <tuple>

namespace staffetta::auth {

NetworkTable::NetworkTable(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tuple(-a.network.prefix, a.user.account_id, a.user.number) <
           std::tuple(-b.network.prefix, b.user.account_id, b.user.number);
  });
}

std::optional<UserName> NetworkTable::Find(const asio::ip::address& client) const {
  for (const Entry& entry : entries_) {
    if (entry.network.Contains(client)) return entry.user;
  }
  return std::nullopt;
}

}  // namespace staffetta::auth
