#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.h"
#include "common/base/clock.h"

namespace staffetta::auth {

// Whose bearer tokens are taken, and what for. Keys are read from files, blocking shortly, and
// again when a file has changed; what cannot be used is reported and leaves the ones before in
// force. Confined to one thread.
class TokenIssuers {
 public:
  struct Issuer {
    std::string issuer;      // "iss"
    std::string audience;    // one of "aud"
    std::string key_file;    // see ParseJwtKeys
    std::string user_claim;  // names the SMTP user
  };
  // Whose token it is, or why it is not good; the reason is for the log alone.
  struct Verdict {
    std::string user;  // empty: not good
    std::string why_not;
  };

  // Clocks of issuers may differ from ours by so much.
  static constexpr absl::Duration kLeeway = absl::Seconds(30);

  TokenIssuers(std::vector<Issuer> issuers, const Clock* clock);

  // FAILED_PRECONDITION names the file and what is wrong with it.
  absl::Status Load();

  Verdict Judge(std::string_view token);

 private:
  struct Trusted {
    Issuer issuer;
    std::string signature;  // what tells one state of the file from another
    std::vector<JwtKey> keys;
  };

  absl::Status Read(Trusted* trusted);
  void Refresh(absl::Time now);

  std::vector<Trusted> trusted_;
  const Clock& clock_;
  absl::Time looked_ = absl::InfinitePast();
};

}  // namespace staffetta::auth
