#include "common/redis/routing.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/redis/slot.h"

namespace staffetta::redis {
namespace {

constexpr std::string_view kAnywhere[] = {"ECHO", "PING", "TIME"};

// About the node that is asked, or about the connection.
constexpr std::string_view kWithoutKey[] = {
    "ACL",   "BGREWRITEAOF", "BGSAVE",    "CLIENT",   "CLUSTER", "COMMAND", "CONFIG",   "DBSIZE",
    "EXEC",  "FLUSHALL",     "FLUSHDB",   "FUNCTION", "INFO",    "KEYS",    "LASTSAVE", "LATENCY",
    "MULTI", "QUIT",         "RANDOMKEY", "ROLE",     "SCAN",    "SCRIPT",  "SLOWLOG",  "WAIT"};

// Their first argument is a word.
constexpr std::string_view kKeyIsSecond[] = {"BITOP", "MEMORY", "OBJECT", "XGROUP", "XINFO"};

constexpr std::string_view kScripts[] = {"EVAL", "EVALSHA"};

template <size_t size>
bool Has(const std::string_view (&names)[size], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

absl::Status Refused(const Command& command, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("Redis ", ToAbsl(command.name()), ": not sent: ", ToAbsl(why)));
}

}  // namespace

absl::StatusOr<std::vector<Unit>> ToUnits(const std::vector<Command>& commands) {
  std::vector<Unit> units;
  for (size_t i = 0; i < commands.size(); ++i) {
    const Command& command = commands[i];
    const std::string_view name = command.name();
    Unit unit{.first = i};
    if (!command.route().empty()) {
      unit.slot = SlotOf(command.route());
    } else if (Has(kScripts, name)) {
      unit.script = true;
      if (command.argument(2) == "0") return Refused(command, "a script needs a key in a cluster");
      unit.slot = SlotOf(command.argument(3));
    } else if (Has(kAnywhere, name) || Has(kWithoutKey, name)) {
      if (!units.empty()) {
        ++units.back().size;
        continue;
      }
      if (Has(kWithoutKey, name)) {
        return Refused(command, "in a cluster it needs Command::RouteBy");
      }
    } else {
      unit.slot = SlotOf(command.argument(Has(kKeyIsSecond, name) ? 2 : 1));
    }
    units.push_back(unit);
  }
  return units;
}

std::string GuardKey(std::string_view key) {
  return absl::StrCat("never-set:{", ToAbsl(HashTag(key)), "}");
}

}  // namespace staffetta::redis
