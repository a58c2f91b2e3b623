// Bearer tokens, and the files of their issuers' keys (RFC 7515, RFC 7517).

#include "auth/jwt.h"
#include "fuzz.h"

namespace staffetta::auth {

FUZZ {
  static const auto keys = ParseJwtKeys(
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
      "-----END PUBLIC KEY-----\n");
  if (const auto token = ParseJwt(input)) {
    CHECK(input.substr(0, token->signed_part.size()) == token->signed_part);
    CHECK(!SignatureFits(*token, keys->front()));  // nobody has that private key here
  }
  if (const auto found = ParseJwtKeys(input); found.ok()) {
    CHECK(!found->empty());
    for (const JwtKey& key : *found) CHECK(key.key != nullptr);
  }
}

}  // namespace staffetta::auth
