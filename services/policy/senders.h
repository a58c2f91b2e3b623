#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/net/resolver.h"
#include "policy/dependent_users.h"
#include "policy/policy_events.h"
#include "policy/policy_store.h"
#include "policy/rights_cache.h"
#include "staffetta/policy/v1/policy.pb.h"

namespace staffetta::policy {

// Administration of senders and of users' rights (SPEC V1–V4). Reads the store, never the cache.
// Confined to the executor.
class Senders {
 public:
  struct Options {
    std::string label;             // of the TXT record
    absl::Duration recheck_every;  // a domain verified by DNS
    const Clock* clock;
  };

  Senders(PolicyStore* store, RightsCache* cache, net::Resolver* resolver, DependentUsers* users,
          rpc::EventPublisher* events, Options options);

  Co<absl::Status> AddSender(const v1::AddSenderRequest* request, v1::AddSenderResponse* response);
  Co<absl::Status> ListSenders(const v1::ListSendersRequest* request,
                               v1::ListSendersResponse* response);
  Co<absl::Status> GetSender(const v1::GetSenderRequest* request, v1::GetSenderResponse* response);
  Co<absl::Status> VerifySender(const v1::VerifySenderRequest* request,
                                v1::VerifySenderResponse* response);
  Co<absl::Status> RemoveSender(const v1::RemoveSenderRequest* request,
                                v1::RemoveSenderResponse* response);
  Co<absl::Status> SetUserSenders(const v1::SetUserSendersRequest* request,
                                  v1::SetUserSendersResponse* response);
  Co<absl::Status> GetUserSenders(const v1::GetUserSendersRequest* request,
                                  v1::GetUserSendersResponse* response);

 private:
  // An account's rights with one of its senders. NOT_FOUND: it has none of that name.
  struct Found {
    Rights rights;
    v1::Sender sender;
  };
  Co<absl::StatusOr<Found>> Find(uint64_t account_id, std::string name);
  absl::StatusOr<v1::Sender> New(uint64_t account_id, const std::string& name) const;
  // The state, for the store: with the time, and published once it is stored.
  Co<absl::StatusOr<v1::Sender>> Store(v1::Sender old, v1::Sender now,
                                       std::optional<absl::Duration> recheck_in);

  PolicyStore* const store_;
  RightsCache* const cache_;
  net::Resolver* const resolver_;
  DependentUsers* const users_;
  rpc::EventPublisher* const events_;
  const Options options_;
};

}  // namespace staffetta::policy
