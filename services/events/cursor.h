#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

// How a reader says where it stands in the streams of all partitions. Pure.
namespace staffetta::events {

// Ids of stream entries, "<ms>-<n>": the last one that was read in each partition. "0-0": none.
using Positions = std::vector<std::string>;

// Whether `text` is the id of an entry.
bool IsEntryId(const std::string& text);

// "<ms>-<n>" in the first partition, "<ms>-<n>.<p>" in the others.
std::string EventId(const std::string& entry_id, int partition);
std::string EntryOf(const std::string& event_id);

// "0": nothing was read; else event ids with commas between, at most one of each partition. One
// that is not named is read from a minute before the oldest that is: an event may come twice then,
// none is skipped. OUT_OF_RANGE: it is no such text.
absl::StatusOr<Positions> ParseCursor(const std::string& text, size_t partitions);
std::string ToCursor(const Positions& positions);

}  // namespace staffetta::events
