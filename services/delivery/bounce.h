#pragma once

// The report that goes back to the envelope sender (RFC 3464, RFC 6522; SPEC B1). Pure.

#include <absl/time/time.h>

#include <string>

#include "delivery/delivery.h"

namespace staffetta::delivery {

struct BounceFrom {
  std::string hostname;
  std::string message_id;  // the bounce's own
  absl::Time now;
};

// Whether a bounce is due: a recipient failed, and there is somebody to tell (never <>).
bool NeedsBounce(const Delivery& delivery);

// The whole message, for the failed recipients of `delivery`: what happened in words, the
// delivery status, and the header of the original as far as its content is there. What servers said
// is reduced to printable ASCII in one line, so that it cannot break out of its place.
std::string BuildBounce(const BounceFrom& from, const Delivery& delivery);

// "550 5.1.1 no such user"; without a code when no server said it.
std::string InWords(const smtp::Reply& reply);

}  // namespace staffetta::delivery
