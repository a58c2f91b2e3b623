#pragma once

// Who is told what of a delivery (RFC 3461 §5.2, RFC 2852 §4, SPEC B1). Pure.

#include <absl/time/time.h>

#include "delivery/delivery.h"
#include "delivery/peer_abilities.h"

namespace staffetta::delivery {

// What a report says of a recipient.
enum class News {
  kNone,  // it is not in the report
  kFailed,
  kDelayed,
  kRelayed,    // to a host that reports nothing itself
  kDelivered,  // here
};

// When a sender is warned of a delay.
struct DelayRule {
  absl::Duration after = absl::Hours(4);  // acceptance; zero: never
  bool unasked = false;                   // also who has not said NOTIFY=DELAY
};

// News of a recipient, by the outcome of this attempt. A delay is news once: when its time has come
// since the attempt before this one. Nobody is told of what has the null sender.
News NewsOf(const Delivery& delivery, size_t recipient, const DelayRule& rule, absl::Time now);

// Whether a host that takes the message leaves it to us to say so: it has no DSN, or no DELIVERBY
// in mode N, or each hop is to be traced.
bool TellsOfRelay(const Delivery& delivery, size_t recipient, const PeerAbilities& peer);

// Whether it has to be returned without another attempt (RFC 2852, mode R).
bool IsTooLate(const Delivery& delivery, absl::Time now);

}  // namespace staffetta::delivery
