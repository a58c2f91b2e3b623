#pragma once

// Signed tokens (JWS in compact form, RFC 7515; JWT, RFC 7519) and the public keys they are checked
// with. Pure and strict. OpenSSL does the arithmetic and Boost.JSON the reading; Debian's own
// libraries for this do not know EdDSA (cjose 0.6) or key sets (libjwt 1.10).
//
// What a token says of its algorithm is only compared with what the key is for (RFC 8725 §3.1): a
// key is never used in another way.

#include <absl/status/statusor.h>
#include <openssl/evp.h>

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace staffetta::auth {

enum class JwtAlgorithm { kRs256, kEs256, kEdDsa };

struct JwtKey {
  std::string id;  // "kid"; empty: it has none
  JwtAlgorithm algorithm = JwtAlgorithm::kRs256;
  std::shared_ptr<EVP_PKEY> key;
};

// Public keys in PEM, or a JWK set (RFC 7517): at least one. Of a set, keys for other uses and of
// other kinds are passed over. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<std::vector<JwtKey>> ParseJwtKeys(std::string_view text);

// A token taken apart. Nothing of it is true before its signature fits.
struct Jwt {
  JwtAlgorithm algorithm = JwtAlgorithm::kRs256;
  std::string key_id;  // empty: it names none
  boost::json::object claims;
  std::string_view signed_part;  // of the text
  std::string signature;
};

// nullopt: it is none, or one that we must not understand.
std::optional<Jwt> ParseJwt(std::string_view text);

bool SignatureFits(const Jwt& token, const JwtKey& key);

}  // namespace staffetta::auth
