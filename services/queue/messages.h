#pragma once

#include <absl/status/status.h>

#include "queue/admin_store.h"
#include "queue/queue_store.h"
#include "staffetta/queue/v1/admin.pb.h"
#include "staffetta/queue/v1/queue.pb.h"

// What the stores give, as the contract's messages. Pure.
namespace staffetta::queue {

// `now` is Redis's. DATA_LOSS: the record or its content is damaged.
absl::Status ToProto(QueueStore::Leased leased, absl::Time now, v1::LeasedDelivery* out);

v1::QueuedDelivery ToProto(const AdminStore::Described& described);

// Why it is still here, with a sentence that says so (SPEC Q6).
v1::Explanation ExplanationOf(const AdminStore::Described& described,
                              const AdminStore::Description& all);

// Whether it fits all that is set. `now` is Redis's.
bool Fits(const v1::Selector& selector, const v1::QueuedDelivery& delivery, absl::Time now);

}  // namespace staffetta::queue
