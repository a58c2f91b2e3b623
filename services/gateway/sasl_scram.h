#pragma once

#include <memory>

#include "gateway/sasl_exchange.h"

namespace staffetta::gateway {

// Whether the mechanism's name ends in -PLUS: the login is tied to the TLS connection; else whether
// it could have been.
enum class ScramBinding { kNotOffered, kNotUsed, kUsed };

// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): neither password nor what it is
// checked with come here. The state of the exchange is here and nowhere else.
std::unique_ptr<SaslExchange> NewScramExchange(ScramBinding binding, const SaslPeer& peer);

}  // namespace staffetta::gateway
