#pragma once

#include <memory>

#include "gateway/sasl_exchange.h"

namespace staffetta::gateway {

// How a token is sent.
enum class TokenForm {
  kRfc7628,  // OAUTHBEARER
  kGoogle,   // XOAUTH2
};

// A bearer token in the place of a password. A client whose token is not good is told so in JSON,
// and has to answer that before it is refused.
std::unique_ptr<SaslExchange> NewTokenExchange(TokenForm form, const SaslPeer& peer);

}  // namespace staffetta::gateway
