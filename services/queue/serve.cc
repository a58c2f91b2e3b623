#include "queue/serve.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/redis/durability.h"
#include "common/redis/partitions.h"
#include "queue/figures.h"

namespace staffetta::queue {
namespace {

// Age of the figures of what waits, at most.
constexpr std::chrono::seconds kBetweenLooks(5);
// Age of what can be removed from the second store, at most.
constexpr std::chrono::seconds kBetweenSweeps(1);
// A lease goes without content that has not come by then: its worker fetches it.
constexpr absl::Duration kHaste = absl::Seconds(1);

redis::Client::Options Hasty(redis::Client::Options options) {
  options.connect_timeout = kHaste;
  options.command_timeout = kHaste;
  return options;
}

std::unique_ptr<redis::Client> NewClient(Executor executor, redis::Client::Options options) {
  return std::make_unique<redis::Client>(executor, std::move(options));
}

}  // namespace

Server::Part::Part(Server* server, int number)
    : partition(&server->redis_, number, server->options_.keep_events),
      second(server->MakeSecond(&partition)),
      queue(&partition, server->StoreOptions(second ? &*second : nullptr)),
      admin(&partition) {}

Server::Server(Executor executor, Options options, redis::Client::Options redis, std::string key)
    : executor_(executor),
      options_(options),
      redis_(executor, redis),
      waiting_redis_(executor, redis),
      second_redis_(options.second ? NewClient(executor, options.second->redis) : nullptr),
      hasty_redis_(options.second ? NewClient(executor, Hasty(options.second->redis)) : nullptr),
      group_(executor, "queue"),
      parts_(MakeParts()),
      scheduler_(QueuesOf(parts_), &group_),
      rpc_(StoresOf(parts_), &scheduler_, &group_, key,
           {.records = options.records, .lease_time = options.store.lease_time}),
      admin_rpc_(StoresOf(parts_), &scheduler_, &group_, key),
      next_look_(executor),
      next_sweep_(executor) {}

std::optional<SecondStore> Server::MakeSecond(const Partition* partition) const {
  if (!options_.second) return std::nullopt;
  return SecondStore(partition, {.store = second_redis_.get(), .hasty = hasty_redis_.get()},
                     options_.second->stays);
}

QueueStore::Options Server::StoreOptions(SecondStore* second) {
  QueueStore::Options store = options_.store;
  store.waiting_client = &waiting_redis_;
  store.second = second;
  return store;
}

Server::Parts Server::MakeParts() {
  Parts parts;
  for (int i = 0; i < options_.partitions; ++i) parts.push_back(std::make_unique<Part>(this, i));
  return parts;
}

Co<absl::Status> Server::AddParts() {
  const auto in_use = co_await redis::PartitionsInUse(redis_, options_.partitions);
  if (!in_use.ok()) co_return in_use.status();
  Parts more;
  size_t with_mail = 0;
  for (int i = options_.partitions; i < *in_use; ++i) {
    more.push_back(std::make_unique<Part>(this, i));
    const auto stats = co_await more.back()->admin.GetStats();
    if (!stats.ok()) co_return stats.status();
    if (stats->messages + stats->gone == 0) continue;
    with_mail = more.size();
    log::Info("partition {} is not in use any more; its {} messages go out", i, stats->messages);
  }
  more.resize(with_mail);
  for (auto& part : more) {
    scheduler_.Add(&part->queue);
    rpc_.Add({&part->queue, &part->admin});
    admin_rpc_.Add({&part->queue, &part->admin});
    parts_.push_back(std::move(part));
  }
  co_return absl::OkStatus();
}

Co<absl::Status> Server::SpreadGates() {
  for (const auto& part : parts_) {
    const absl::Status status = co_await part->admin.FollowGates(&parts_[0]->admin, parts_.size());
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Co<absl::Status> Server::CheckDurability() {
  const bool replicated = options_.store.replicas > 0;
  // No replica of the second store is waited for.
  v1::Durability level =
      replicated && !second_redis_ ? v1::DURABILITY_REPLICATED : v1::DURABILITY_SYNCED;
  for (redis::Client* const store : {&redis_, second_redis_.get()}) {
    if (store == nullptr) continue;
    const bool assume = store != &redis_ && options_.second->assume_durable;
    const absl::Status durable = co_await redis::CheckDurable(
        *store, assume ? redis::Demand::kNotDenied : redis::Demand::kShown);
    if (durable.ok()) continue;
    if (!options_.allow_volatile) co_return durable;
    const absl::Status usable = co_await redis::CheckDurable(*store, redis::Demand::kNoEviction);
    if (!usable.ok()) co_return usable;
    level = v1::DURABILITY_VOLATILE;
  }
  rpc_.SetDurability(level);
  if (!replicated) co_return absl::OkStatus();
  const absl::Status refuses = co_await redis::CheckReplicas(redis_, options_.store.replicas);
  if (!refuses.ok()) co_return refuses;
  const auto more = co_await redis::MastersWithMoreReplicas(redis_, options_.store.replicas);
  if (!more.ok()) co_return more.status();
  for (const std::string& master : *more) {
    log::Warn(
        "the Redis at {} has more than {} replicas: mail answered 250 can be lost when it is "
        "paused or cut off, and replaced by one that was not waited for; set redis.replicas, and "
        "min-replicas-to-write, to the number of its replicas",
        master, options_.store.replicas);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> Server::CheckContents() {
  if (second_redis_) co_return absl::OkStatus();
  int64_t away = 0;
  for (const auto& part : parts_) {
    const auto stats = co_await part->admin.GetStats();
    if (!stats.ok()) co_return stats.status();
    away += stats->away;
  }
  if (away == 0) co_return absl::OkStatus();
  co_return absl::FailedPreconditionError(
      absl::StrCat("the content of ", away, " messages is in a second store: redis.content must ",
                   "name it until they are finished"));
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
  absl::Status ready = co_await CheckDurability();
  if (ready.ok()) ready = co_await AddParts();
  if (ready.ok()) ready = co_await CheckContents();
  if (ready.ok()) ready = co_await SpreadGates();
  if (!ready.ok()) co_return ready;
  std::vector<std::string> channels;
  for (const auto& part : parts_) channels.push_back(part->partition.wake_channel());
  subscriber_ = std::make_unique<redis::Subscriber>(
      executor_,
      redis::Subscriber::Options{.endpoint = redis_.endpoint(), .channels = std::move(channels)},
      redis::Subscriber::Callbacks{
          .on_message = [this](std::string_view channel,
                               std::string_view message) { Woken(channel, message); },
          .on_gap = [this] { scheduler_.WakeAll(); },
          .on_failure = nullptr});
  group_.Spawn(ShowFigures());
  if (second_redis_) group_.Spawn(Sweep());
  co_return absl::OkStatus();
}

void Server::Woken(std::string_view channel, std::string_view message) {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i]->partition.wake_channel() != channel) continue;
    const auto outlook = parts_[i]->queue.Heard(message);
    if (outlook) scheduler_.Hear(i, *outlook);
  }
}

Co<void> Server::ShowFigures() {
  while (!stopping_) {
    const auto stats = co_await StatsOf(StoresOf(parts_));
    if (stats.ok()) TheFigures().Show(*stats);
    if (stopping_) break;
    next_look_.expires_after(kBetweenLooks);
    boost::system::error_code woken;
    co_await next_look_.async_wait(asio::redirect_error(use_co, woken));
  }
}

Co<void> Server::Sweep() {
  absl::Status before;
  while (!stopping_) {
    const auto more = co_await SweepOnce();
    if (more.status().code() != before.code()) {
      more.ok()
          ? log::Info("content is removed from the second store again")
          : log::Warn("no content is removed from the second store: {}", more.status().ToString());
    }
    before = more.status();
    if (stopping_) break;
    if (more.ok() && *more) continue;
    next_sweep_.expires_after(kBetweenSweeps);
    boost::system::error_code woken;
    co_await next_sweep_.async_wait(asio::redirect_error(use_co, woken));
  }
}

Co<absl::StatusOr<bool>> Server::SweepOnce() {
  bool any = false;
  for (const auto& part : parts_) {
    const auto more = co_await part->second->Sweep();
    if (!more.ok()) co_return more;
    any = any || *more;
  }
  co_return any;
}

Co<void> Server::Stop() {
  stopping_ = true;
  next_look_.cancel();
  next_sweep_.cancel();
  scheduler_.Stop();
  co_await rpc_.Drain();
  co_await admin_rpc_.Drain();
  co_await group_.Wait();
  if (subscriber_) subscriber_->Close();
  redis_.Close();
  waiting_redis_.Close();
  if (second_redis_) second_redis_->Close();
  if (hasty_redis_) hasty_redis_->Close();
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
          .partitions = queue.partitions(),
          .keep_events = config.events().keep(),
          .allow_volatile = config.redis().allow_volatile()};
}

Server::Options::Second SecondFrom(const config::v1::Config& config, redis::Client::Options redis) {
  const config::v1::ContentStore& content = config.redis().content();
  return {.redis = std::move(redis),
          .assume_durable = content.assume_durable(),
          .stays = DurationOf(content.remove_after())};
}

}  // namespace staffetta::queue
