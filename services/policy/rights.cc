#include "policy/rights.h"

#include <algorithm>

namespace staffetta::policy {
namespace {

bool Has(const Rights& rights, const std::string& name, v1::SenderState state) {
  const auto found = rights.senders.find(name);
  return found != rights.senders.end() && found->second.state() == state;
}

bool AnyVerified(const std::vector<v1::Sender>& senders) {
  return std::any_of(senders.begin(), senders.end(), [](const v1::Sender& sender) {
    return sender.state() == v1::SENDER_STATE_VERIFIED;
  });
}

std::string DomainOf(const std::string& name) {
  // Of a stored name: the domain has no '@', whatever the local part has.
  return name.substr(name.rfind('@') + 1);
}

}  // namespace

v1::Sender Effective(const Rights& rights, const v1::Sender& sender) {
  v1::Sender effective = sender;
  const std::string domain = DomainOf(sender.name());
  if (domain == sender.name() || sender.state() == v1::SENDER_STATE_BANNED) return effective;
  if (Has(rights, domain, v1::SENDER_STATE_BANNED)) {
    effective.set_state(v1::SENDER_STATE_BANNED);
    effective.set_detail("its domain is banned: " + rights.senders.at(domain).detail());
  } else if (sender.state() != v1::SENDER_STATE_VERIFIED &&
             Has(rights, domain, v1::SENDER_STATE_VERIFIED)) {
    effective.set_state(v1::SENDER_STATE_VERIFIED);
    effective.set_method("domain");
    effective.set_detail("its domain is verified");
  }
  return effective;
}

v1::SenderVerdict Judge(const Rights& rights, const std::string& user, const SenderName& address) {
  const std::string* const names[] = {&address.name, &address.domain};
  const auto any = [&](auto test) {
    return std::any_of(std::begin(names), std::end(names),
                       [&](const std::string* name) { return test(*name); });
  };
  if (any([&](const auto& name) { return Has(rights, name, v1::SENDER_STATE_BANNED); })) {
    return v1::SENDER_VERDICT_BANNED;
  }
  const auto allowed = rights.users.find(user);
  if (allowed == rights.users.end() ||
      !any([&](const auto& name) { return allowed->second.contains(name); })) {
    return v1::SENDER_VERDICT_NOT_AUTHORISED;
  }
  if (!any([&](const auto& name) { return Has(rights, name, v1::SENDER_STATE_VERIFIED); })) {
    return v1::SENDER_VERDICT_NOT_VERIFIED;
  }
  return v1::SENDER_VERDICT_OK;
}

std::vector<v1::Sender> SendersOf(const Rights& rights, const std::string& user) {
  std::vector<v1::Sender> senders;
  const auto allowed = rights.users.find(user);
  if (allowed == rights.users.end()) return senders;
  for (const std::string& name : allowed->second) {
    const auto found = rights.senders.find(name);
    if (found != rights.senders.end()) senders.push_back(Effective(rights, found->second));
  }
  return senders;
}

std::vector<std::string> UsersThatDependOn(const Rights& rights, const std::string& name) {
  Rights without = rights;
  without.senders.erase(name);
  std::vector<std::string> users;
  for (const auto& [user, names] : rights.users) {
    if (AnyVerified(SendersOf(rights, user)) && !AnyVerified(SendersOf(without, user))) {
      users.push_back(user);
    }
  }
  return users;
}

}  // namespace staffetta::policy
