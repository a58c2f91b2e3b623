#pragma once

// Where a command belongs in a cluster.

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/redis/command.h"

namespace staffetta::redis {

// Commands that go to one node, adjacent: one that has a place, and those behind it that have
// none of their own (WAIT).
struct Unit {
  size_t first = 0;
  size_t size = 1;
  std::optional<uint16_t> slot;  // none: any node will do
  bool script = false;
};

// By the first key of each command, or what Command::RouteBy gave; the name of a channel counts as
// a key. INVALID_ARGUMENT: the first command has no key and is about one node (SCAN, CONFIG, …), or
// a script has no keys.
absl::StatusOr<std::vector<Unit>> ToUnits(const std::vector<Command>& commands);

// A key that nobody ever sets, in the slot of `key`. A script that names it among its keys is
// refused by Redis as a whole (ASK, TRYAGAIN) while its slot is being moved; without it the script
// would run, and stop in its middle at the first key that has gone.
std::string GuardKey(std::string_view key);

}  // namespace staffetta::redis
