#pragma once

// Who and as whom: the backends as the auth and policy services, over gRPC. Thread-safe but where
// it says otherwise. The queue: remote_queue.h.

#include <absl/time/time.h>

#include <memory>
#include <optional>

#include "common/base/clock.h"
#include "common/rpc/client.h"
#include "gateway/answer_cache.h"
#include "gateway/backends.h"
#include "gateway/user_ledger.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::gateway {

class RemoteAuthenticator final : public Authenticator {
 public:
  // Answers of IdentifyNetwork are remembered for so long, right passwords for a second, unless
  // somebody's rights change.
  RemoteAuthenticator(std::shared_ptr<const rpc::Peer> auth, absl::Duration remember_networks,
                      const Clock* clock = &Clock::Real());

  Co<absl::StatusOr<AuthAnswer>> Authenticate(std::string user, std::string password,
                                              std::string client_address) override;
  Co<absl::StatusOr<ScramParameters>> GetScramParameters(std::string user) override;
  Co<absl::StatusOr<AuthAnswer>> AuthenticateScram(std::string user, std::string auth_message,
                                                   std::string proof,
                                                   std::string client_address) override;
  Co<absl::StatusOr<AuthAnswer>> AuthenticateToken(std::string user, std::string token,
                                                   std::string client_address) override;
  Co<absl::StatusOr<AuthAnswer>> IdentifyNetwork(std::string client_address) override;
  Co<absl::StatusOr<AuthAnswer>> FindUser(std::string user, std::string client_address) override;
  Co<absl::StatusOr<Allowance>> CountMessage(Identity identity) override;
  uint64_t Changes() const override { return ledger_.count(); }
  Co<absl::StatusOr<bool>> StillValid(Identity identity, uint64_t since) override;

  // Follows WatchUsers until StopWatching, connecting again when it ends; each end and each new
  // beginning counts as a change of everybody. Both on `executor`'s thread.
  Co<void> Watch(Executor executor);
  void StopWatching();

 private:
  using Service = staffetta::auth::v1::AuthService;
  using ChangeStream = rpc::StreamReader<staffetta::auth::v1::WatchUsersResponse>;

  Co<void> FollowOnce(Executor executor);
  void Missed();

  const rpc::Client<Service> client_;
  const Clock& clock_;
  UserLedger ledger_;
  AnswerCache<AuthAnswer> networks_;
  const std::string secret_;        // of this process
  AnswerCache<AuthAnswer> logins_;  // those that were right, by their HMAC under it

  bool stopped_ = false;
  std::unique_ptr<ChangeStream> changes_;
  std::unique_ptr<Timer> pause_;
};

class RemoteSenderPolicy final : public SenderPolicy {
 public:
  // That a user may send as an address is remembered for `remember`: a busy sender is not asked
  // about for each message. A refusal is never remembered.
  explicit RemoteSenderPolicy(std::shared_ptr<const rpc::Peer> policy,
                              absl::Duration remember = absl::Seconds(1),
                              const Clock* clock = &Clock::Real())
      : client_(policy), clock_(*clock), allowed_(remember) {}

  Co<absl::StatusOr<SenderAnswer>> Check(Identity identity, std::vector<std::string> addresses,
                                         std::string client_address, std::string subject) override;

 private:
  struct Allowed {};

  const rpc::Client<staffetta::policy::v1::PolicyService> client_;
  const Clock& clock_;
  AnswerCache<Allowed> allowed_;
};

}  // namespace staffetta::gateway
