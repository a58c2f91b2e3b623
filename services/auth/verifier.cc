#include "auth/verifier.h"

#include <absl/strings/str_cat.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <atomic>
#include <charconv>

#include "common/base/check.h"
#include "common/base/secret.h"
#include "common/smtp/base64.h"

namespace staffetta::auth {
namespace {

constexpr std::string_view kScheme = "SCRAM-SHA-256$";
constexpr size_t kKeyBytes = SHA256_DIGEST_LENGTH;

std::atomic<int64_t> derivations{0};

// SaltedPassword := Hi(password, salt, i), which is PBKDF2 (RFC 5802 §2.2).
std::string SaltedPassword(std::string_view password, std::string_view salt, int iterations) {
  derivations.fetch_add(1, std::memory_order_relaxed);
  std::string salted(kKeyBytes, '\0');
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(), kKeyBytes,
                          reinterpret_cast<unsigned char*>(salted.data())) == 1);
  return salted;
}

std::string Sha256(std::string_view text) {
  std::string digest(kKeyBytes, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// Takes what stands before `separator` off the front of `*text`.
std::optional<std::string_view> TakeUntil(char separator, std::string_view* text) {
  const size_t end = text->find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view part = text->substr(0, end);
  text->remove_prefix(end + 1);
  return part;
}

}  // namespace

std::string Verifier::ToString() const {
  return absl::StrCat(std::string(kScheme), iterations, ":", smtp::EncodeBase64(salt), "$",
                      smtp::EncodeBase64(stored_key), ":", smtp::EncodeBase64(server_key));
}

std::optional<Verifier> ParseVerifier(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const auto iterations = TakeUntil(':', &text);
  const auto salt = TakeUntil('$', &text);
  const auto stored_key = TakeUntil(':', &text);
  if (!iterations || !salt || !stored_key) return std::nullopt;
  Verifier verifier;
  const char* const end = iterations->data() + iterations->size();
  const auto [stop, error] = std::from_chars(iterations->data(), end, verifier.iterations);
  if (error != std::errc() || stop != end || verifier.iterations < 1) return std::nullopt;
  auto salt_bytes = smtp::DecodeBase64Strict(*salt);
  auto stored_bytes = smtp::DecodeBase64Strict(*stored_key);
  auto server_bytes = smtp::DecodeBase64Strict(text);
  if (!salt_bytes || !stored_bytes || !server_bytes) return std::nullopt;
  if (stored_bytes->size() != kKeyBytes || server_bytes->size() != kKeyBytes) return std::nullopt;
  verifier.salt = *std::move(salt_bytes);
  verifier.stored_key = *std::move(stored_bytes);
  verifier.server_key = *std::move(server_bytes);
  return verifier;
}

Verifier MakeVerifier(std::string_view password, std::string_view salt, int iterations) {
  const std::string salted = SaltedPassword(password, salt, iterations);
  return {.iterations = iterations,
          .salt = std::string(salt),
          .stored_key = Sha256(HmacSha256(salted, "Client Key")),
          .server_key = HmacSha256(salted, "Server Key")};
}

bool Matches(const Verifier& verifier, std::string_view password) {
  const Verifier derived = MakeVerifier(password, verifier.salt, verifier.iterations);
  // HMAC fills its key up with NULs: one at the end would not be noticed.
  if (password.find('\0') != std::string_view::npos) return false;
  return ConstantTimeEquals(derived.stored_key, verifier.stored_key);
}

bool ProofFits(const Verifier& verifier, std::string_view auth_message, std::string_view proof) {
  // ClientKey := ClientProof XOR HMAC(StoredKey, AuthMessage), and H(ClientKey) is StoredKey.
  std::string client_key = HmacSha256(verifier.stored_key, auth_message);
  for (size_t i = 0; i < client_key.size() && i < proof.size(); ++i) client_key[i] ^= proof[i];
  const bool fits = ConstantTimeEquals(Sha256(client_key), verifier.stored_key);
  return fits && proof.size() == kKeyBytes;
}

std::string ServerSignature(const Verifier& verifier, std::string_view auth_message) {
  return HmacSha256(verifier.server_key, auth_message);
}

const Verifier& DummyVerifier() {
  static const Verifier dummy{.iterations = kIterations,
                              .salt = std::string(kSaltBytes, '\0'),
                              .stored_key = std::string(kKeyBytes, '\0'),
                              .server_key = std::string(kKeyBytes, '\0')};
  return dummy;
}

int64_t Derivations() { return derivations.load(std::memory_order_relaxed); }

}  // namespace staffetta::auth
