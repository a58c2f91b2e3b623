#include "delivery/body.h"

#include <utility>

#include "common/base/check.h"

namespace staffetta::delivery {

bool MustRecode(const Delivery& delivery, const PeerAbilities& peer) {
  return delivery.binary ? !peer.binary_mime : delivery.eight_bit && !peer.eight_bit_mime;
}

smtp::Parsed<Body, mime::RecodeFault> ChooseBody(const Delivery& delivery,
                                                 const PeerAbilities& peer) {
  if (!MustRecode(delivery, peer)) {
    if (delivery.binary) return Body{.form = smtp::Body::kBinaryMime};
    return Body{.form = delivery.eight_bit ? smtp::Body::k8BitMime : smtp::Body::k7Bit};
  }
  CHECK(delivery.whole());
  auto recoded = mime::Recode7Bit(delivery.content);
  if (!recoded) return recoded.error();
  return Body{.recoded = *std::move(recoded)};
}

}  // namespace staffetta::delivery
