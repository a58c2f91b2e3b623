#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>

#include "policy/policy_store.h"

namespace staffetta::rpc {
struct Peer;
}

namespace staffetta::policy {

// Stops the users that lose their last verified sender (SPEC U5), in the auth service. Confined to
// the executor.
class DependentUsers {
 public:
  DependentUsers();
  ~DependentUsers();

  // Until then there is only UNAVAILABLE.
  void SetPeer(std::shared_ptr<const rpc::Peer> auth);

  // Makes inactive each active user that has no verified sender but `name`; blocked ones stay
  // blocked. To be done before the sender goes: after an error some may still be active.
  Co<absl::Status> Stop(Rights rights, std::string name, std::string reason);

 private:
  struct Stub;
  Co<absl::Status> StopOne(std::string user, std::string reason);

  std::shared_ptr<Stub> stub_;
};

}  // namespace staffetta::policy
