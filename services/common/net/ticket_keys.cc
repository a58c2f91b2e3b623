#include "common/net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

#include "common/base/check.h"

namespace staffetta::net {

TicketKeys::TicketKeys(const Clock* clock) : clock_(*clock) {}

TicketKeys::~TicketKeys() {
  for (Key& key : keys_) OPENSSL_cleanse(&key, sizeof key);
}

void TicketKeys::Use(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Callback);
}

TicketKeys::Key TicketKeys::Current() {
  const std::lock_guard lock(mutex_);
  Forget();
  if (keys_.empty() || clock_.Now() - keys_.front().born >= kRotation) {
    Key key;
    CHECK(RAND_bytes(key.name.data(), key.name.size()) == 1 &&
          RAND_priv_bytes(key.cipher.data(), key.cipher.size()) == 1 &&
          RAND_priv_bytes(key.mac.data(), key.mac.size()) == 1);
    key.born = clock_.Now();
    keys_.insert(keys_.begin(), key);
  }
  return keys_.front();
}

bool TicketKeys::Find(const unsigned char* name, Key* key) {
  const std::lock_guard lock(mutex_);
  Forget();
  const auto it = std::find_if(keys_.begin(), keys_.end(), [name](const Key& known) {
    return std::equal(known.name.begin(), known.name.end(), name);
  });
  if (it == keys_.end()) return false;
  *key = *it;
  return true;
}

void TicketKeys::Forget() {
  while (!keys_.empty() && clock_.Now() - keys_.back().born >= 2 * kRotation) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
}

// 1: done; 0: a full handshake; -1: a failure.
int TicketKeys::Callback(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac, int seals) {
  auto* const keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  Key key;
  if (seals == 1) {
    key = keys->Current();
    std::copy(key.name.begin(), key.name.end(), name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  } else if (!keys->Find(name, &key)) {
    return 0;
  }
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  const bool ready =
      EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, seals) == 1;
  OPENSSL_cleanse(&key, sizeof key);
  return ready ? 1 : -1;
}

}  // namespace staffetta::net
