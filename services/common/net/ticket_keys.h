#pragma once

#include <absl/time/time.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "common/base/clock.h"

namespace staffetta::net {

// The keys that seal TLS session tickets (RFC 5077 §4): a client resumes without a new handshake,
// and the server keeps nothing for it. A key seals for kRotation and opens for as long again, then
// it is wiped: who steals a key later reads nothing recorded earlier. Made at random by each
// process; certificates may be read again without losing them. Thread-safe.
class TicketKeys {
 public:
  static constexpr absl::Duration kRotation = absl::Hours(6);

  explicit TicketKeys(const Clock* clock = &Clock::Real());
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Lets the context seal and open tickets with these keys, which must outlive its sessions.
  void Use(SSL_CTX* context);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    absl::Time born;
  };

  static int Callback(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac, int seals);
  Key Current();
  // False: it is none of ours, or no more.
  bool Find(const unsigned char* name, Key* key);
  void Forget();

  const Clock& clock_;
  std::mutex mutex_;
  std::vector<Key> keys_;  // the newest first
};

}  // namespace staffetta::net
