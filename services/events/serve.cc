#include "events/serve.h"

#include <utility>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/redis/partitions.h"

namespace staffetta::events {
namespace {

constexpr int kBatch = 1000;
// Counters may lag this much; a pause gathers events, so that busy times cost few round trips.
constexpr std::chrono::milliseconds kPause(250);

}  // namespace

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key)
    : options_(options),
      redis_(executor, std::move(redis)),
      group_(executor, "events"),
      stores_(MakeStores()),
      rpc_(executor, PointersTo(stores_), std::move(key)) {}

Server::Stores Server::MakeStores() {
  Stores stores;
  for (int i = 0; i < options_.partitions; ++i) {
    stores.push_back(std::make_unique<EventStore>(&redis_, i, options_.store));
  }
  return stores;
}

std::vector<EventStore*> Server::PointersTo(const Stores& stores) {
  std::vector<EventStore*> pointers;
  for (const auto& store : stores) pointers.push_back(store.get());
  return pointers;
}

Co<absl::Status> Server::Start() {
  // What happened in partitions that are not in use any more stays readable.
  const auto in_use = co_await redis::PartitionsInUse(redis_, options_.partitions);
  if (!in_use.ok()) co_return in_use.status();
  for (int i = options_.partitions; i < *in_use; ++i) {
    stores_.push_back(std::make_unique<EventStore>(&redis_, i, options_.store));
    rpc_.Add(stores_.back().get());
  }
  for (const auto& store : stores_) group_.Spawn(CountEvents(store.get()));
  co_return absl::OkStatus();
}

Co<void> Server::Stop() {
  stopping_ = true;
  co_await rpc_.Drain();
  group_.Cancel();
  co_await group_.Wait();
  redis_.Close();
}

Co<void> Server::CountEvents(EventStore* store) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Timer pause(group_.executor());
  while (!stopping_) {
    const auto counted = co_await CountSome(store);
    if (counted.ok() && *counted == kBatch) continue;
    if (!counted.ok() && !absl::IsAborted(counted.status())) {
      log::Warn("counting events failed: {}", counted.status().ToString());
    }
    if (stopping_) break;
    pause.expires_after(kPause);
    boost::system::error_code cancelled;
    co_await pause.async_wait(asio::redirect_error(use_co, cancelled));
  }
}

Co<absl::StatusOr<size_t>> Server::CountSome(EventStore* store) {
  auto from = co_await store->CountedUpTo();
  if (!from.ok()) co_return from.status();
  const auto events = co_await store->ReadBehind(*from, kBatch);
  if (!events.ok()) co_return events.status();
  if (events->empty()) co_return size_t{0};
  const absl::Status added =
      co_await store->AddCounts(*from, EntryOf(events->back().event_id()), Count(*events));
  if (!added.ok()) co_return added;
  co_return events->size();
}

Server::Options OptionsFrom(const config::v1::Config& config) {
  return {.store = {.keep_events = config.events().keep(),
                    .keep_statistics = DurationOf(config.events().keep_statistics())},
          .partitions = config.queue().partitions()};
}

}  // namespace staffetta::events
