#include "auth/jwt.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/escaping.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <boost/json/array.hpp>
#include <utility>

#include "common/base/json.h"
#include "common/base/text.h"
#include "common/smtp/ascii.h"

namespace staffetta::auth {
namespace {

namespace json = boost::json;

constexpr int kLeastRsaBits = 2048;  // RFC 7518 §3.3
constexpr size_t kP256Bytes = 32;
constexpr size_t kEd25519Bytes = 32;

using Key = std::shared_ptr<EVP_PKEY>;

Key Own(EVP_PKEY* key) {
  ERR_clear_error();
  return key == nullptr ? nullptr : Key(key, EVP_PKEY_free);
}

// base64url without padding, to the letter (RFC 7515 §2).
std::optional<std::string> DecodeBase64Url(std::string_view text) {
  std::string decoded;
  if (!absl::WebSafeBase64Unescape(ToAbsl(text), &decoded)) return std::nullopt;
  if (absl::WebSafeBase64Escape(decoded) != ToAbsl(text)) return std::nullopt;
  return decoded;
}

// The text of a member; nullopt: it is absent or no text.
std::optional<std::string> TextOf(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains({name.data(), name.size()});
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return std::nullopt;
  return std::string(text->data(), text->size());
}

std::optional<std::string> OctetsOf(const json::object& object, std::string_view name) {
  const auto text = TextOf(object, name);
  return text ? DecodeBase64Url(*text) : std::nullopt;
}

std::optional<JwtAlgorithm> AlgorithmNamed(std::string_view name) {
  if (name == "RS256") return JwtAlgorithm::kRs256;
  if (name == "ES256") return JwtAlgorithm::kEs256;
  if (name == "EdDSA") return JwtAlgorithm::kEdDsa;
  return std::nullopt;
}

// What a key is for; nullopt: for nothing here.
std::optional<JwtAlgorithm> AlgorithmOf(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= kLeastRsaBits) {
    return JwtAlgorithm::kRs256;
  }
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return JwtAlgorithm::kEdDsa;
  char group[32] = "";
  if (EVP_PKEY_is_a(key, "EC") == 1 &&
      EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
      std::string_view(group) == SN_X9_62_prime256v1) {
    return JwtAlgorithm::kEs256;
  }
  return std::nullopt;
}

Key FromParameters(const char* kind, OSSL_PARAM_BLD* builder) {
  OSSL_PARAM* const parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr);
  EVP_PKEY* key = nullptr;
  if (parameters != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context) == 1 &&
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    key = nullptr;
  }
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  return Own(key);
}

Key RsaKey(const std::string& modulus, const std::string& exponent) {
  const auto number = [](const std::string& octets) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(octets.data()),
                     static_cast<int>(octets.size()), nullptr);
  };
  BIGNUM* const n = number(modulus);
  BIGNUM* const e = number(exponent);
  OSSL_PARAM_BLD* const builder = OSSL_PARAM_BLD_new();
  Key key;
  if (OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
    key = FromParameters("RSA", builder);
  }
  OSSL_PARAM_BLD_free(builder);
  BN_free(n);
  BN_free(e);
  return key;
}

Key P256Key(const std::string& x, const std::string& y) {
  const std::string point = "\x04" + x + y;  // uncompressed (SEC 1 §2.3.3)
  OSSL_PARAM_BLD* const builder = OSSL_PARAM_BLD_new();
  Key key;
  if (OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1,
                                      0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) == 1) {
    key = FromParameters("EC", builder);
  }
  OSSL_PARAM_BLD_free(builder);
  return key;
}

// RFC 7518 §6 and RFC 8037 §2; null: another kind, or not well-formed.
Key FromJwk(const json::object& jwk) {
  const std::string kind = TextOf(jwk, "kty").value_or("");
  const std::string curve = TextOf(jwk, "crv").value_or("");
  const auto x = OctetsOf(jwk, "x");
  const auto y = OctetsOf(jwk, "y");
  if (kind == "RSA") {
    const auto n = OctetsOf(jwk, "n");
    const auto e = OctetsOf(jwk, "e");
    return n && e ? RsaKey(*n, *e) : nullptr;
  }
  if (kind == "EC" && curve == "P-256") {
    const bool whole = x && y && x->size() == kP256Bytes && y->size() == kP256Bytes;
    return whole ? P256Key(*x, *y) : nullptr;
  }
  if (kind == "OKP" && curve == "Ed25519" && x && x->size() == kEd25519Bytes) {
    return Own(EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(x->data()), x->size()));
  }
  return nullptr;
}

absl::StatusOr<std::vector<JwtKey>> ParseKeySet(std::string_view text) {
  const auto set = ParseJson(text);
  const json::value* const keys =
      set && set->is_object() ? set->get_object().if_contains("keys") : nullptr;
  if (keys == nullptr || !keys->is_array()) {
    return absl::InvalidArgumentError("is neither PEM nor a JWK set");
  }
  std::vector<JwtKey> found;
  for (const json::value& value : keys->get_array()) {
    if (!value.is_object()) return absl::InvalidArgumentError("a key of the set is no object");
    const json::object& jwk = value.get_object();
    if (TextOf(jwk, "use").value_or("sig") != "sig") continue;
    Key key = FromJwk(jwk);
    const auto algorithm = key ? AlgorithmOf(key.get()) : std::nullopt;
    if (!algorithm) continue;
    const auto meant = TextOf(jwk, "alg");
    if (meant && AlgorithmNamed(*meant) != algorithm) continue;
    found.push_back({TextOf(jwk, "kid").value_or(""), *algorithm, std::move(key)});
  }
  return found;
}

absl::StatusOr<std::vector<JwtKey>> ParsePem(std::string_view text) {
  BIO* const bio = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  const absl::Cleanup free_bio = [bio] { BIO_free(bio); };
  std::vector<JwtKey> found;
  while (Key key = Own(PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr))) {
    const auto algorithm = AlgorithmOf(key.get());
    if (!algorithm) {
      return absl::InvalidArgumentError(
          "has a key that is neither RSA of 2,048 bits or more, nor P-256, nor Ed25519");
    }
    found.push_back({"", *algorithm, std::move(key)});
  }
  return found;
}

// r and s side by side (RFC 7518 §3.4), as OpenSSL wants them.
std::optional<std::string> ToDer(const std::string& signature) {
  if (signature.size() != 2 * kP256Bytes) return std::nullopt;
  const auto* const octets = reinterpret_cast<const unsigned char*>(signature.data());
  ECDSA_SIG* const pair = ECDSA_SIG_new();
  ECDSA_SIG_set0(pair, BN_bin2bn(octets, kP256Bytes, nullptr),
                 BN_bin2bn(octets + kP256Bytes, kP256Bytes, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair, &der);
  ECDSA_SIG_free(pair);
  if (size <= 0) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(der), size);
  OPENSSL_free(der);
  return out;
}

}  // namespace

absl::StatusOr<std::vector<JwtKey>> ParseJwtKeys(std::string_view text) {
  const bool pem = text.find("-----BEGIN ") != std::string_view::npos;
  auto keys = pem ? ParsePem(text) : ParseKeySet(text);
  if (keys.ok() && keys->empty()) {
    return absl::InvalidArgumentError("has no public key that we can use");
  }
  return keys;
}

std::optional<Jwt> ParseJwt(std::string_view text) {
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto header_text = DecodeBase64Url(text.substr(0, first));
  const auto claims_text = DecodeBase64Url(text.substr(first + 1, second - first - 1));
  auto signature = DecodeBase64Url(text.substr(second + 1));  // a third dot is not of its alphabet
  if (!header_text || !claims_text || !signature) return std::nullopt;
  const auto header = ParseJson(*header_text);
  auto claims = ParseJson(*claims_text);
  if (!header || !header->is_object() || !claims || !claims->is_object()) return std::nullopt;
  const json::object& said = header->get_object();
  // RFC 7515 §4.1.11: what is critical must be understood; nothing of it is here.
  if (said.contains("crit")) return std::nullopt;
  const std::string type = smtp::ToLower(TextOf(said, "typ").value_or("jwt"));
  const auto algorithm = AlgorithmNamed(TextOf(said, "alg").value_or(""));
  if (!algorithm || (type != "jwt" && type != "at+jwt")) return std::nullopt;
  return Jwt{.algorithm = *algorithm,
             .key_id = TextOf(said, "kid").value_or(""),
             .claims = std::move(claims->get_object()),
             .signed_part = text.substr(0, second),
             .signature = *std::move(signature)};
}

bool SignatureFits(const Jwt& token, const JwtKey& key) {
  if (token.algorithm != key.algorithm) return false;
  std::string signature = token.signature;
  if (key.algorithm == JwtAlgorithm::kEs256) {
    auto der = ToDer(signature);
    if (!der) return false;
    signature = *std::move(der);
  }
  const EVP_MD* const digest = key.algorithm == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool fits =
      EVP_DigestVerifyInit(context, nullptr, digest, nullptr, key.key.get()) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(),
                       reinterpret_cast<const unsigned char*>(token.signed_part.data()),
                       token.signed_part.size()) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return fits;
}

}  // namespace staffetta::auth
