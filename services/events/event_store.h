#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <vector>

#include "common/base/co.h"
#include "common/redis/client.h"
#include "events/counters.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::events {

// The stream of one partition and its counters in Redis; the only file that speaks them. Confined
// to the client's thread. Failures are those of redis::Client.
//
//   events:{p}                 stream, written by the queue's scripts and Publish; field e: an
//   Event
//                              without event_id and time, which are the entry's id
//   stats:{p}:<account>:<hour> hash: counter name -> count
//   stats:{p}:cursor           id of the last entry that is counted
class EventStore {
 public:
  struct Options {
    int64_t keep_events = 1'000'000;
    absl::Duration keep_statistics = absl::Hours(24 * 400);
  };
  EventStore(redis::Client* client, int partition, Options options);

  // The entries behind the one of this id, at most `most`; none: there is nothing new.
  // INVALID_ARGUMENT: it is no entry's id.
  Co<absl::StatusOr<std::vector<v1::Event>>> ReadBehind(std::string entry_id, int most);
  // The newest entry's id; "0-0" when there is none.
  Co<absl::StatusOr<std::string>> LastId();
  Co<absl::Status> Append(std::vector<v1::Event> events);

  // The entry up to which events are counted; "0-0": none.
  Co<absl::StatusOr<std::string>> CountedUpTo();
  // Adds to the counters and moves the cursor, both or none: each event counts once. ABORTED:
  // the cursor is not at `from` any more, another replica counts; nothing was changed.
  Co<absl::Status> AddCounts(std::string from, std::string to, Increments increments);
  // Counters of an account for the hours in [first, last] that have any.
  Co<absl::StatusOr<std::vector<v1::HourlyCounts>>> ReadCounts(uint64_t account_id, int64_t first,
                                                               int64_t last);

 private:
  redis::Client* const client_;
  const int partition_;
  const std::string tag_;
  const std::string stream_;
  const Options options_;
};

}  // namespace staffetta::events
