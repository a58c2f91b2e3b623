#include "events/counters.h"

#include <absl/strings/ascii.h>

#include <algorithm>

namespace staffetta::events {
namespace {

constexpr int64_t kSecondsPerHour = 3600;

int64_t Weight(const v1::Event& event) {
  switch (event.type()) {
    case v1::EVENT_TYPE_DEFERRED:
    case v1::EVENT_TYPE_DELIVERED:
    case v1::EVENT_TYPE_FAILED:
    case v1::EVENT_TYPE_UNCERTAIN:
    case v1::EVENT_TYPE_CANCELLED:
      return event.recipients_size();
    case v1::EVENT_TYPE_SENDER_REFUSED:
      return std::max<int64_t>(event.count(), 1);
    case v1::EVENT_TYPE_ACCEPTED:
    case v1::EVENT_TYPE_REFUSED:
    case v1::EVENT_TYPE_BOUNCED:
    case v1::EVENT_TYPE_STATE_CHANGED:
      return 1;
    case v1::EVENT_TYPE_UNSPECIFIED:
    case v1::EventType_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::EventType_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return 0;
}

}  // namespace

std::string CounterName(v1::EventType type) {
  constexpr size_t kPrefix = sizeof("EVENT_TYPE_") - 1;
  return absl::AsciiStrToLower(v1::EventType_Name(type).substr(kPrefix));
}

Increments Count(const std::vector<v1::Event>& events) {
  Increments increments;
  for (const v1::Event& event : events) {
    const int64_t weight = Weight(event);
    if (weight == 0 || event.envelope().account_id() == 0) continue;
    increments[{.account_id = event.envelope().account_id(),
                .hour = event.time().seconds() / kSecondsPerHour,
                .name = CounterName(event.type())}] += weight;
  }
  return increments;
}

}  // namespace staffetta::events
