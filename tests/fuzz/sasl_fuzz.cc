// AUTH and what its simple mechanisms send (RFC 4954, RFC 4616, RFC 7628).

#include "common/smtp/base64.h"
#include "common/smtp/sasl.h"
#include "fuzz.h"

namespace staffetta::smtp {

FUZZ {
  const auto auth = ParseAuth(input);
  const std::string decoded = auth ? auth->initial : std::string(input);
  if (const auto plain = ParsePlain(decoded)) {
    for (const std::string& part : {plain->authzid, plain->authcid, plain->password}) {
      CHECK(part.find('\0') == std::string::npos);
    }
    CHECK(plain->authcid.size() <= kMaxAuthName && plain->password.size() <= kMaxAuthPassword);
    if (plain->authzid.empty()) {
      const auto octets = DecodeBase64Strict(EncodePlain(plain->authcid, plain->password));
      CHECK(octets && *octets == decoded);
    }
  }
  if (const auto answer = ParseLoginAnswer(decoded, kMaxAuthName)) {
    CHECK(!answer->empty() && answer->size() <= kMaxAuthName);
  }
  for (const auto& bearer : {ParseOauthBearer(decoded), ParseXoauth2(decoded)}) {
    if (!bearer) continue;
    CHECK(!bearer->token.empty() && bearer->user.size() <= kMaxAuthName);
    const auto same = ParseXoauth2(*DecodeBase64Strict(EncodeXoauth2("user", bearer->token)));
    CHECK(same && same->token == bearer->token);
  }
  if (const auto octets = DecodeBase64Strict(input)) CHECK(EncodeBase64(*octets) == input);
}

}  // namespace staffetta::smtp
