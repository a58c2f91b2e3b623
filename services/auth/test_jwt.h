#pragma once

// For tests: an issuer of tokens.

#include <absl/strings/escaping.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "common/base/check.h"

namespace staffetta::auth {

inline std::string Base64Url(const std::string& octets) {
  return absl::WebSafeBase64Escape(octets);
}

class TestIssuer {
 public:
  enum class Kind { kRsa2048, kRsa1024, kP256, kP384, kEd25519 };
  explicit TestIssuer(Kind kind) : kind_(kind), key_(Make(kind), EVP_PKEY_free) {
    CHECK(key_ != nullptr);
  }

  // What its kind of key signs with.
  std::string algorithm() const {
    return kind_ == Kind::kEd25519 ? "EdDSA" : kind_ == Kind::kP256 ? "ES256" : "RS256";
  }
  std::string Pem() const {
    BIO* const bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PUBKEY(bio, key_.get()) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string pem(data, size);
    BIO_free(bio);
    return pem;
  }
  // {"kty":…}, with further members in front: R"("kid":"a",)".
  std::string Jwk(const std::string& members = "") const {
    if (kind_ == Kind::kP256) {
      const std::string point = Octets("pub");
      return "{" + members + R"("kty":"EC","crv":"P-256","x":")" + Base64Url(point.substr(1, 32)) +
             R"(","y":")" + Base64Url(point.substr(33)) + R"("})";
    }
    if (kind_ == Kind::kEd25519) {
      return "{" + members + R"("kty":"OKP","crv":"Ed25519","x":")" + Base64Url(Octets("pub")) +
             R"("})";
    }
    return "{" + members + R"("kty":"RSA","n":")" + Number("n") + R"(","e":")" + Number("e") +
           R"("})";
  }
  // A token with these claims (JSON); `header` instead of the usual one.
  std::string Sign(const std::string& claims, std::string header = "") const {
    if (header.empty()) header = R"({"alg":")" + algorithm() + R"(","typ":"JWT"})";
    const std::string text = Base64Url(header) + "." + Base64Url(claims);
    return text + "." + Base64Url(Signature(text));
  }

 private:
  static EVP_PKEY* Make(Kind kind) {
    switch (kind) {
      case Kind::kRsa2048:
        return EVP_RSA_gen(2048);
      case Kind::kRsa1024:
        return EVP_RSA_gen(1024);
      case Kind::kP256:
        return EVP_EC_gen("P-256");
      case Kind::kP384:
        return EVP_EC_gen("P-384");
      case Kind::kEd25519:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    }
    return nullptr;
  }
  std::string Octets(const char* name) const {
    std::string out(200, '\0');
    size_t size = 0;
    CHECK(EVP_PKEY_get_octet_string_param(key_.get(), name,
                                          reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                          &size) == 1);
    return out.substr(0, size);
  }
  std::string Number(const char* name) const {
    BIGNUM* number = nullptr;
    CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
    std::string out(BN_num_bytes(number), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
    BN_free(number);
    return Base64Url(out);
  }
  std::string Signature(const std::string& text) const {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    std::string signature(600, '\0');
    size_t size = signature.size();
    CHECK(EVP_DigestSignInit(context, nullptr, kind_ == Kind::kEd25519 ? nullptr : EVP_sha256(),
                             nullptr, key_.get()) == 1);
    CHECK(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                         reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    EVP_MD_CTX_free(context);
    signature.resize(size);
    if (kind_ != Kind::kP256) return signature;
    const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
    ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    std::string flat(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(flat.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(flat.data()) + 32, 32);
    ECDSA_SIG_free(pair);
    return flat;
  }

  const Kind kind_;
  const std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace staffetta::auth
