#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::rpc {
struct Peer;
}

namespace staffetta::auth {

// The senders of users, which the policy service keeps. Errors are those of the call: UNAVAILABLE
// and DEADLINE_EXCEEDED when policy cannot answer.
class SenderRights {
 public:
  using Senders = std::vector<policy::v1::Sender>;

  SenderRights();
  ~SenderRights();

  // Until then every call is UNAVAILABLE.
  void SetPeer(std::shared_ptr<const rpc::Peer> policy);

  // Replaces a user's senders; new ones are added to the account as pending.
  Co<absl::StatusOr<Senders>> Set(uint64_t account_id, std::string user,
                                  std::vector<std::string> senders);
  Co<absl::StatusOr<Senders>> Get(uint64_t account_id, std::string user);

 private:
  struct Stub;
  std::unique_ptr<Stub> stub_;
};

// Is at least one verified (SPEC U5)?
bool AnyVerified(const SenderRights::Senders& senders);

}  // namespace staffetta::auth
