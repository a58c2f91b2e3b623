#include "delivery/body.h"

#include <utility>

namespace staffetta::delivery {

smtp::Parsed<Body, mime::RecodeFault> ChooseBody(const Delivery& delivery,
                                                 const PeerAbilities& peer) {
  if (delivery.binary) {
    if (peer.binary_mime) return Body{.form = smtp::Body::kBinaryMime};
  } else if (!delivery.eight_bit) {
    return Body{};
  } else if (peer.eight_bit_mime) {
    return Body{.form = smtp::Body::k8BitMime};
  }
  auto recoded = mime::Recode7Bit(delivery.content);
  if (!recoded) return recoded.error();
  return Body{.recoded = *std::move(recoded)};
}

}  // namespace staffetta::delivery
