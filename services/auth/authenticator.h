#pragma once

#include <absl/status/status.h>

#include <memory>

#include "auth/auth_store.h"
#include "auth/credential_cache.h"
#include "auth/derivation_pool.h"
#include "auth/login_guard.h"
#include "auth/network_table.h"
#include "auth/rate_store.h"
#include "auth/salts.h"
#include "auth/token_issuers.h"
#include "auth/user_changes.h"
#include "staffetta/auth/v1/auth.pb.h"

namespace staffetta::auth {

// Who is at the door: the calls of the SMTP edge. Each reads the user from the store, so that a
// change on any replica counts at once; only the derivation of a password known to be right is
// spared. Confined to the executor. UNAVAILABLE: it could not be determined.
class Authenticator {
 public:
  struct Options {
    absl::Duration remember;
    size_t remembered = 100'000;  // credentials
    const Clock* clock;
  };
  // All outlive it.
  struct Parts {
    AuthStore* store;
    DerivationPool* pool;
    Salts* salts;
    LoginGuard* guard;
    TokenIssuers* issuers;
    RateStore* rates;
  };

  Authenticator(Parts parts, Options options);

  Co<absl::Status> Authenticate(const v1::AuthenticateRequest* request,
                                v1::AuthenticateResponse* response);
  Co<absl::Status> GetScramParameters(const v1::GetScramParametersRequest* request,
                                      v1::GetScramParametersResponse* response);
  Co<absl::Status> AuthenticateScram(const v1::AuthenticateScramRequest* request,
                                     v1::AuthenticateScramResponse* response);
  Co<absl::Status> AuthenticateToken(const v1::AuthenticateTokenRequest* request,
                                     v1::AuthenticateTokenResponse* response);
  Co<absl::Status> IdentifyNetwork(const v1::IdentifyNetworkRequest* request,
                                   v1::IdentifyNetworkResponse* response);
  Co<absl::Status> GetIdentity(const v1::GetIdentityRequest* request,
                               v1::GetIdentityResponse* response);
  Co<absl::Status> CountMessage(const v1::CountMessageRequest* request,
                                v1::CountMessageResponse* response);

  // `changes` may be asked whether the table of networks can be kept; null: it cannot.
  void SetChanges(const UserChanges* changes) { changes_ = changes; }
  // The table of networks may be out of date.
  void ForgetNetworks();

 private:
  // A login and whose it would be.
  struct Door {
    LoginGuard::Attempt attempt;
    std::string client_address;
    std::optional<AuthStore::Stored> user;  // nullopt: there is none of that name
  };

  Co<absl::StatusOr<Door>> Open(std::string user, std::string client_address);
  // The rest of a login whose credentials were looked at.
  template <class Response>
  Co<absl::Status> Close(Door door, bool right, Response* response);
  Co<absl::StatusOr<std::shared_ptr<const NetworkTable>>> Networks();

  const Parts parts_;
  CredentialCache cache_;
  const UserChanges* changes_ = nullptr;
  std::shared_ptr<const NetworkTable> networks_;  // null: to be read
  uint64_t networks_generation_ = 0;
};

}  // namespace staffetta::auth
