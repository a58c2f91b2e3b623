#pragma once

// Between the queue's messages and plain structs.

#include "delivery/delivery.h"
#include "delivery/report.h"
#include "staffetta/queue/v1/queue.pb.h"

namespace staffetta::delivery {

// Takes the strings out of `leased`.
Delivery FromLeased(queue::v1::LeasedDelivery* leased);

// Without retry time and report. `now`: when the attempt ended.
queue::v1::Completion ToCompletion(const Delivery& delivery, absl::Time now);

// Queued in the partition of the message it is about; nothing is ever reported of it (RFC 3461
// §5.2).
queue::v1::NewMessage ReportMessage(const ReportFrom& from, const Delivery& delivery,
                                    const NewsList& news);

}  // namespace staffetta::delivery
