#pragma once

// Between the queue's messages and plain structs.

#include "delivery/bounce.h"
#include "delivery/delivery.h"
#include "staffetta/queue/v1/queue.pb.h"

namespace staffetta::delivery {

// Takes the strings out of `leased`.
Delivery FromLeased(queue::v1::LeasedDelivery* leased);

// Without retry time and bounce.
queue::v1::Completion ToCompletion(const Delivery& delivery);

// Queued in the partition of the message it is about.
queue::v1::NewMessage BounceMessage(const BounceFrom& from, const Delivery& delivery);

}  // namespace staffetta::delivery
