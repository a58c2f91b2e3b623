#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/sender_name.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::policy {

// An account's senders, and which of them each of its users may send from: what every decision is
// made of. Pure data.
struct Rights {
  std::map<std::string, v1::Sender> senders;           // by name
  std::map<std::string, std::set<std::string>> users;  // names by user
};

// The sender as it counts: an address is verified when its domain is, unless it is banned.
v1::Sender Effective(const Rights& rights, const v1::Sender& sender);

// May `user` send as this address (SPEC V6)? Banned comes before not authorised, that before not
// verified.
v1::SenderVerdict Judge(const Rights& rights, const std::string& user, const SenderName& address);

// The user's senders as they count, by name.
std::vector<v1::Sender> SendersOf(const Rights& rights, const std::string& user);

// The users that have a verified sender, and would have none if `name` were not (SPEC U5).
std::vector<std::string> UsersThatDependOn(const Rights& rights, const std::string& name);

}  // namespace staffetta::policy
