#include "queue/serve.h"

#include <utility>

#include "common/base/config.h"
#include "common/redis/durability.h"

namespace staffetta::queue {
namespace {

// One partition; a cluster has more (DESIGN §4).
constexpr int kPartition = 0;

}  // namespace

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key)
    : executor_(executor),
      options_(options),
      redis_(executor, std::move(redis)),
      group_(executor, "queue"),
      store_(&redis_, kPartition, options.store),
      scheduler_(&store_, &group_),
      rpc_(&store_, &scheduler_, &group_, std::move(key),
           {.records = options.records, .lease_time = options.store.lease_time}) {}

Co<absl::Status> Server::Start() {
  const absl::Status durable = co_await redis::CheckDurable(redis_, false);
  if (!durable.ok()) {
    if (!options_.allow_volatile) co_return durable;
    const absl::Status usable = co_await redis::CheckDurable(redis_, true);
    if (!usable.ok()) co_return usable;
    rpc_.SetDurability(v1::DURABILITY_VOLATILE);
  }
  subscriber_ = std::make_unique<redis::Subscriber>(
      executor_,
      redis::Subscriber::Options{.endpoint = redis_.endpoint(),
                                 .channels = {store_.wake_channel()}},
      redis::Subscriber::Callbacks{.on_message =
                                       [this](std::string_view, std::string_view waker) {
                                         if (waker != store_.waker()) scheduler_.Wake();
                                       },
                                   .on_gap = [this] { scheduler_.Wake(); },
                                   .on_failure = nullptr});
  co_return absl::OkStatus();
}

Co<void> Server::Stop() {
  scheduler_.Stop();
  co_await rpc_.Drain();
  co_await group_.Wait();
  if (subscriber_) subscriber_->Close();
  redis_.Close();
}

Server::Options OptionsFrom(const config::v1::Config& config) {
  return {.store = {.keep_events = config.events().keep(),
                    .lease_time = DurationOf(config.queue().lease_time())},
          .records = {.lifetime = DurationOf(config.queue().lifetime()),
                      .compression_level = config.queue().compression_level()},
          .allow_volatile = config.redis().allow_volatile()};
}

}  // namespace staffetta::queue
