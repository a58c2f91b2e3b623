#pragma once

#include <string>
#include <string_view>

#include "common/mime/recode_7bit.h"
#include "common/smtp/params.h"
#include "delivery/delivery.h"
#include "delivery/peer_abilities.h"

namespace staffetta::delivery {

// How a delivery's content goes to a peer.
struct Body {
  smtp::Body form = smtp::Body::k7Bit;
  std::string recoded;  // goes in place of the delivery's content, unless empty

  std::string_view ContentOf(const Delivery& delivery) const {
    return recoded.empty() ? delivery.content : recoded;
  }
  // Also of content that is not here whole.
  size_t SizeOf(const Delivery& delivery) const {
    return delivery.whole() ? ContentOf(delivery).size()
                            : static_cast<size_t>(delivery.content_size);
  }
};

// Whether the peer does not take the content as it is. It has to be here whole then.
bool MustRecode(const Delivery& delivery, const PeerAbilities& peer);

// As it is wherever the peer takes it so; else recoded (RFC 6152 §3, RFC 3030 §3). Content that is
// marked neither as 8-bit nor as binary is not looked at.
smtp::Parsed<Body, mime::RecodeFault> ChooseBody(const Delivery& delivery,
                                                 const PeerAbilities& peer);

}  // namespace staffetta::delivery
