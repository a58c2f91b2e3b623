#include "events/events_rpc.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

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

EventsRpc::EventsRpc(Executor executor, EventStore* store, std::string key)
    : executor_(executor), store_(store), dispatcher_(executor, std::move(key), "events") {}

Co<absl::Status> EventsRpc::DoWatchEvents(const v1::WatchEventsRequest* request,
                                          rpc::Writer<v1::WatchEventsResponse>* out) {
  std::string cursor = request->cursor();
  if (cursor.empty()) {
    auto last = co_await store_->LastId();
    if (!last.ok()) co_return last.status();
    cursor = *std::move(last);
  } else if (cursor != "0" && !IsEventId(cursor)) {
    co_return absl::OutOfRangeError(absl::StrCat("cursor: \"", cursor, "\" is no event id"));
  }
  Timer pause(executor_);
  while (!out->cancelled()) {
    auto events = co_await store_->ReadBehind(cursor, kBatch);
    if (!events.ok()) co_return events.status();
    v1::WatchEventsResponse response;
    for (v1::Event& event : *events) {
      cursor = event.event_id();
      if (Matches(request->filter(), event)) *response.add_events() = std::move(event);
    }
    if (!response.events().empty()) {
      const bool written = co_await out->Write(std::move(response));
      if (!written) break;
    }
    if (events->size() == kBatch) continue;
    if (request->until_now()) co_return absl::OkStatus();
    pause.expires_after(kWatchInterval);
    boost::system::error_code cancelled;
    co_await pause.async_wait(asio::redirect_error(use_co, cancelled));
    if (cancelled) break;
  }
  co_return absl::UnavailableError("the watch was ended; resume it from the last event id");
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
  auto hours = co_await store_->ReadCounts(request->account_id(), first, last);
  if (!hours.ok()) co_return hours.status();
  for (v1::HourlyCounts& hour : *hours) *response->add_hours() = std::move(hour);
  co_return absl::OkStatus();
}

Co<absl::Status> EventsRpc::DoPublish(const v1::PublishRequest* request, v1::PublishResponse*) {
  if (request->events().empty()) co_return absl::OkStatus();
  co_return co_await store_->Append({request->events().begin(), request->events().end()});
}

}  // namespace staffetta::events
