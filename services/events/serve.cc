#include "events/serve.h"

#include <utility>

#include "common/base/config.h"
#include "common/base/log.h"

namespace staffetta::events {
namespace {

// One partition; a cluster has more (DESIGN §4).
constexpr int kPartition = 0;
constexpr int kBatch = 1000;
// Counters may lag this much; a pause gathers events, so that busy times cost few round trips.
constexpr std::chrono::milliseconds kPause(250);

}  // namespace

Server::Server(Executor executor, EventStore::Options options, redis::Client::Options redis,
               std::string key)
    : redis_(executor, std::move(redis)),
      group_(executor, "events"),
      store_(&redis_, kPartition, options),
      rpc_(executor, &store_, std::move(key)) {}

Co<absl::Status> Server::Start() {
  group_.Spawn(CountEvents());
  co_return absl::OkStatus();
}

Co<void> Server::Stop() {
  stopping_ = true;
  co_await rpc_.Drain();
  group_.Cancel();
  co_await group_.Wait();
  redis_.Close();
}

Co<void> Server::CountEvents() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Timer pause(group_.executor());
  while (!stopping_) {
    const auto counted = co_await CountSome();
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

Co<absl::StatusOr<size_t>> Server::CountSome() {
  auto from = co_await store_.CountedUpTo();
  if (!from.ok()) co_return from.status();
  const auto events = co_await store_.ReadBehind(*from, kBatch);
  if (!events.ok()) co_return events.status();
  if (events->empty()) co_return size_t{0};
  const absl::Status added =
      co_await store_.AddCounts(*from, events->back().event_id(), Count(*events));
  if (!added.ok()) co_return added;
  co_return events->size();
}

EventStore::Options OptionsFrom(const config::v1::Config& config) {
  return {.keep_events = config.events().keep(),
          .keep_statistics = DurationOf(config.events().keep_statistics())};
}

}  // namespace staffetta::events
