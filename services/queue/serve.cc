#include "queue/serve.h"

#include <utility>

#include "common/base/config.h"
#include "common/redis/durability.h"

namespace staffetta::queue {

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key)
    : executor_(executor),
      options_(options),
      redis_(executor, redis),
      waiting_redis_(executor, redis),
      group_(executor, "queue"),
      parts_(MakeParts()),
      scheduler_(QueuesOf(parts_), &group_),
      rpc_(StoresOf(parts_), &scheduler_, &group_, key,
           {.records = options.records, .lease_time = options.store.lease_time}),
      admin_rpc_(StoresOf(parts_), &scheduler_, &group_, key) {}

Server::Parts Server::MakeParts() {
  QueueStore::Options store = options_.store;
  store.waiting_client = &waiting_redis_;
  Parts parts;
  for (int i = 0; i < options_.partitions; ++i) {
    parts.push_back(std::make_unique<Part>(&redis_, i, options_.keep_events, store));
  }
  return parts;
}

std::vector<QueueStore*> Server::QueuesOf(const Parts& parts) {
  std::vector<QueueStore*> queues;
  for (const auto& part : parts) queues.push_back(&part->queue);
  return queues;
}

std::vector<Stores> Server::StoresOf(const Parts& parts) {
  std::vector<Stores> stores;
  for (const auto& part : parts) stores.push_back({&part->queue, &part->admin});
  return stores;
}

Co<absl::Status> Server::Start() {
  rpc_.SetDurability(options_.store.replicas > 0 ? v1::DURABILITY_REPLICATED
                                                 : v1::DURABILITY_SYNCED);
  const absl::Status durable = co_await redis::CheckDurable(redis_, false);
  if (!durable.ok()) {
    if (!options_.allow_volatile) co_return durable;
    const absl::Status usable = co_await redis::CheckDurable(redis_, true);
    if (!usable.ok()) co_return usable;
    rpc_.SetDurability(v1::DURABILITY_VOLATILE);
  }
  if (options_.store.replicas > 0) {
    const absl::Status replicated = co_await redis::CheckReplicas(redis_, options_.store.replicas);
    if (!replicated.ok()) co_return replicated;
  }
  std::vector<std::string> channels;
  for (const auto& part : parts_) channels.push_back(part->partition.wake_channel());
  subscriber_ = std::make_unique<redis::Subscriber>(
      executor_,
      redis::Subscriber::Options{.endpoint = redis_.endpoint(), .channels = std::move(channels)},
      redis::Subscriber::Callbacks{
          .on_message = [this](std::string_view channel,
                               std::string_view waker) { Woken(channel, waker); },
          .on_gap = [this] { scheduler_.WakeAll(); },
          .on_failure = nullptr});
  co_return absl::OkStatus();
}

void Server::Woken(std::string_view channel, std::string_view waker) {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Partition& partition = parts_[i]->partition;
    if (partition.wake_channel() == channel && partition.waker() != waker) scheduler_.Wake(i);
  }
}

Co<void> Server::Stop() {
  scheduler_.Stop();
  co_await rpc_.Drain();
  co_await admin_rpc_.Drain();
  co_await group_.Wait();
  if (subscriber_) subscriber_->Close();
  redis_.Close();
  waiting_redis_.Close();
}

Server::Options OptionsFrom(const config::v1::Config& config) {
  constexpr int kPerMillePerPercent = 10;
  const config::v1::Queue& queue = config.queue();
  return {.store = {.lease_time = DurationOf(queue.lease_time()),
                    .urgent_per_minute = queue.urgent_per_minute(),
                    .floor_per_mille = queue.floor_percent() * kPerMillePerPercent,
                    .replicas = config.redis().replicas()},
          .records = {.lifetime = DurationOf(queue.lifetime()),
                      .compression_level = queue.compression_level()},
          .keep_events = config.events().keep(),
          .allow_volatile = config.redis().allow_volatile()};
}

}  // namespace staffetta::queue
