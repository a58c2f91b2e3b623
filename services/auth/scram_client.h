#pragma once

// For tests: what a SCRAM-SHA-256 client proves (RFC 5802 §3).

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <string>

#include "common/base/check.h"
#include "common/base/secret.h"

namespace staffetta::auth {

inline std::string ClientProof(const std::string& password, const std::string& salt, int iterations,
                               const std::string& auth_message) {
  std::string salted(SHA256_DIGEST_LENGTH, '\0');
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(),
                          SHA256_DIGEST_LENGTH,
                          reinterpret_cast<unsigned char*>(salted.data())) == 1);
  std::string proof = HmacSha256(salted, "Client Key");
  std::string stored_key(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(proof.data()), proof.size(),
         reinterpret_cast<unsigned char*>(stored_key.data()));
  const std::string signature = HmacSha256(stored_key, auth_message);
  for (size_t i = 0; i < proof.size(); ++i) proof[i] ^= signature[i];
  return proof;
}

}  // namespace staffetta::auth
