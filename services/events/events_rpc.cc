#include "events/events_rpc.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "common/base/ids.h"

namespace staffetta::events {
namespace {

constexpr int kBatch = 500;
// A watcher learns of an event at most this much later; one look at the stream's end costs little.
constexpr std::chrono::milliseconds kWatchInterval(100);
constexpr int64_t kSecondsPerHour = 3600;
constexpr int64_t kMostHours = int64_t{24} * 366;

bool Matches(const v1::EventFilter& filter, const v1::Event& event) {
  if (filter.account_id() != 0 && filter.account_id() != event.envelope().account_id()) {
    return false;
  }
  if (!filter.message_id().empty() && filter.message_id() != event.message_id()) return false;
  return filter.types().empty() || std::find(filter.types().begin(), filter.types().end(),
                                             event.type()) != filter.types().end();
}

}  // namespace

EventsRpc::EventsRpc(Executor executor, std::vector<EventStore*> stores, std::string key)
    : executor_(executor),
      stores_(std::move(stores)),
      dispatcher_(executor, std::move(key), "events") {}

Co<absl::Status> EventsRpc::DoWatchEvents(const v1::WatchEventsRequest* request,
                                          rpc::Writer<v1::WatchEventsResponse>* out) {
  Positions positions;
  if (request->cursor().empty()) {
    for (size_t i = 0; i < stores_.size(); ++i) {
      auto last = co_await stores_[i]->LastId();
      if (!last.ok()) co_return last.status();
      positions.push_back(*std::move(last));
    }
  } else {
    auto parsed = ParseCursor(request->cursor(), stores_.size());
    if (!parsed.ok()) co_return parsed.status();
    positions = *std::move(parsed);
  }
  Timer pause(executor_);
  while (!out->cancelled()) {
    bool more = false;
    auto events = co_await ReadBehind(&positions, &more);
    if (!events.ok()) co_return events.status();
    v1::WatchEventsResponse response;
    for (v1::Event& event : *events) {
      if (Matches(request->filter(), event)) *response.add_events() = std::move(event);
    }
    if (!response.events().empty()) {
      response.set_cursor(ToCursor(positions));
      const bool written = co_await out->Write(std::move(response));
      if (!written) break;
    }
    if (more) continue;
    if (request->until_now()) co_return absl::OkStatus();
    pause.expires_after(kWatchInterval);
    boost::system::error_code cancelled;
    co_await pause.async_wait(asio::redirect_error(use_co, cancelled));
    if (cancelled) break;
  }
  co_return absl::UnavailableError("the watch was ended; resume it from the last cursor");
}

Co<absl::StatusOr<std::vector<v1::Event>>> EventsRpc::ReadBehind(Positions* positions, bool* more) {
  std::vector<v1::Event> all;
  for (size_t i = 0; i < positions->size(); ++i) {
    auto events = co_await stores_[i]->ReadBehind((*positions)[i], kBatch);
    if (!events.ok()) co_return events.status();
    if (events->empty()) continue;
    (*positions)[i] = EntryOf(events->back().event_id());
    if (events->size() == kBatch) *more = true;
    std::move(events->begin(), events->end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(), [](const v1::Event& a, const v1::Event& b) {
    return std::pair(a.time().seconds(), a.time().nanos()) <
           std::pair(b.time().seconds(), b.time().nanos());
  });
  co_return all;
}

Co<absl::Status> EventsRpc::DoGetStatistics(const v1::GetStatisticsRequest* request,
                                            v1::GetStatisticsResponse* response) {
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  const int64_t last =
      (request->has_end_time() ? request->end_time().seconds() : now) / kSecondsPerHour;
  const int64_t first =
      request->has_start_time() ? request->start_time().seconds() / kSecondsPerHour : last - 24;
  if (request->account_id() == 0) {
    co_return absl::InvalidArgumentError("account_id: must be set");
  }
  if (first > last || last - first > kMostHours) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("start_time, end_time: need 0…", kMostHours, " hours between them"));
  }
  std::map<int64_t, v1::HourlyCounts> all;
  for (size_t i = 0; i < stores_.size(); ++i) {
    const auto hours = co_await stores_[i]->ReadCounts(request->account_id(), first, last);
    if (!hours.ok()) co_return hours.status();
    for (const v1::HourlyCounts& hour : *hours) {
      v1::HourlyCounts& sum = all[hour.hour().seconds()];
      *sum.mutable_hour() = hour.hour();
      for (const auto& [name, count] : hour.counts()) (*sum.mutable_counts())[name] += count;
    }
  }
  for (auto& [start, hour] : all) *response->add_hours() = std::move(hour);
  co_return absl::OkStatus();
}

Co<absl::Status> EventsRpc::DoPublish(const v1::PublishRequest* request, v1::PublishResponse*) {
  std::map<size_t, std::vector<v1::Event>> by_partition;
  for (const v1::Event& event : request->events()) {
    const size_t partition =
        PartitionOfAccount(event.envelope().account_id(), static_cast<int>(stores_.size()));
    by_partition[partition].push_back(event);
  }
  for (auto& [partition, events] : by_partition) {
    const absl::Status appended = co_await stores_[partition]->Append(std::move(events));
    if (!appended.ok()) co_return appended;
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::events
