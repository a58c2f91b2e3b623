#include "events/cursor.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace staffetta::events {
namespace {

constexpr char kNothing[] = "0-0";
// More than the clocks of a cluster's nodes differ.
constexpr uint64_t kSlackMs = 60'000;

bool Parse(const std::string& entry_id, uint64_t* ms) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(entry_id, absl::MaxSplits('-', 1));
  uint64_t number = 0;
  return absl::SimpleAtoi(parts.first, ms) && absl::SimpleAtoi(parts.second, &number);
}

}  // namespace

bool IsEntryId(const std::string& text) {
  uint64_t ms = 0;
  return Parse(text, &ms);
}

std::string EventId(const std::string& entry_id, int partition) {
  return partition == 0 ? entry_id : absl::StrCat(entry_id, ".", partition);
}

std::string EntryOf(const std::string& event_id) { return event_id.substr(0, event_id.find('.')); }

absl::StatusOr<Positions> ParseCursor(const std::string& text, size_t partitions) {
  if (text == "0") return Positions(partitions, kNothing);
  Positions positions(partitions);
  uint64_t oldest = std::numeric_limits<uint64_t>::max();
  for (const absl::string_view event_id : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(event_id, absl::MaxSplits('.', 1));
    const auto& [entry, suffix] = parts;
    size_t partition = 0;
    uint64_t ms = 0;
    if (!Parse(entry, &ms) || (!suffix.empty() && !absl::SimpleAtoi(suffix, &partition)) ||
        partition >= partitions || !positions[partition].empty()) {
      return absl::OutOfRangeError(absl::StrCat("cursor: \"", text, "\" is no event id"));
    }
    positions[partition] = entry;
    oldest = std::min(oldest, ms);
  }
  for (std::string& position : positions) {
    if (position.empty()) position = absl::StrCat(oldest - std::min(oldest, kSlackMs), "-0");
  }
  return positions;
}

std::string ToCursor(const Positions& positions) {
  std::vector<std::string> event_ids;
  for (const std::string& position : positions) {
    event_ids.push_back(EventId(position, static_cast<int>(event_ids.size())));
  }
  return absl::StrJoin(event_ids, ",");
}

}  // namespace staffetta::events
