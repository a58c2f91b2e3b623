#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "staffetta/events/v1/events.pb.h"

namespace staffetta::events {

// How much to add to one counter.
struct CounterKey {
  uint64_t account_id = 0;
  int64_t hour = 0;  // hours since 1970
  std::string name;  // "delivered"
  friend auto operator<=>(const CounterKey&, const CounterKey&) = default;
};
using Increments = std::map<CounterKey, int64_t>;

// "delivered" for EVENT_TYPE_DELIVERED.
std::string CounterName(v1::EventType type);

// What some events add to the hourly counters (SPEC E4): recipients for what happens to
// recipients, messages for what happens to messages. Events without an account count nothing.
Increments Count(const std::vector<v1::Event>& events);

}  // namespace staffetta::events
