#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "common/net/resolver.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::policy {

// What a look at the DNS said about a domain.
struct Proof {
  bool found = false;
  std::string detail;  // what is there, and what to publish if it is not the proof
};

// A new sender: pending, for a domain with the record that will prove it (SPEC V2).
v1::Sender NewSender(uint64_t account_id, const std::string& name, bool is_address,
                     const std::string& label);

// Looks up the TXT record of a domain. UNAVAILABLE: the DNS does not answer.
Co<absl::StatusOr<Proof>> LookUp(net::Resolver* resolver, v1::Sender domain);

}  // namespace staffetta::policy
