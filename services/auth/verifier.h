#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace staffetta::auth {

inline constexpr int kIterations = 4096;  // RFC 7677 §4
inline constexpr int kSaltBytes = 16;

// What is kept of a password: the SCRAM-SHA-256 keys (RFC 5802 §3, RFC 7677). It checks a
// password, and cannot be turned back into one.
struct Verifier {
  int iterations = 0;
  std::string salt;
  std::string stored_key;  // H(ClientKey), 32 bytes
  std::string server_key;  // 32 bytes

  // "SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>", binary parts in base 64.
  std::string ToString() const;

  friend bool operator==(const Verifier&, const Verifier&) = default;
};

// The inverse of ToString; nullopt for anything else.
std::optional<Verifier> ParseVerifier(std::string_view text);

// Derives the keys: milliseconds of work.
Verifier MakeVerifier(std::string_view password, std::string_view salt, int iterations);

// Derives the keys anew and compares in constant time.
bool Matches(const Verifier& verifier, std::string_view password);

// Whether the proof shows knowledge of the password (RFC 5802 §3): microseconds of work.
bool ProofFits(const Verifier& verifier, std::string_view auth_message, std::string_view proof);
// By which the client sees that we know its verifier.
std::string ServerSignature(const Verifier& verifier, std::string_view auth_message);

// Of no password: checked in the place of a user that does not exist, so that both take the same
// time.
const Verifier& DummyVerifier();

// Derivations since the process began; a test sees by it that no path is cheaper.
int64_t Derivations();

}  // namespace staffetta::auth
