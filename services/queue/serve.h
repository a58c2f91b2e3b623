#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/redis/client.h"
#include "common/redis/subscriber.h"
#include "queue/admin_rpc.h"
#include "queue/admin_store.h"
#include "queue/partition.h"
#include "queue/queue_rpc.h"
#include "queue/queue_store.h"
#include "queue/scheduler.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::queue {

// The queue service, wired. Confined to `executor`, but for grpc_services().
class Server {
 public:
  struct Options {
    QueueStore::Options store;
    RecordOptions records;
    int partitions = 1;
    int64_t keep_events = 1'000'000;
    bool allow_volatile = false;
  };
  // `key` is what callers must present.
  Server(Executor executor, Options options, redis::Client::Options redis, std::string key);

  std::vector<grpc::Service*> grpc_services() { return {&rpc_, &admin_rpc_}; }

  // FAILED_PRECONDITION: Redis is not durable (SPEC Q1), and how to mend it.
  Co<absl::Status> Start();
  // Ends long polls, lets running calls finish.
  Co<void> Stop();

 private:
  struct Part {
    Part(redis::Client* client, int number, int64_t keep_events, QueueStore::Options options)
        : partition(client, number, keep_events), queue(&partition, options), admin(&partition) {}
    Partition partition;
    QueueStore queue;
    AdminStore admin;
  };
  using Parts = std::vector<std::unique_ptr<Part>>;
  std::unique_ptr<Part> MakePart(int number);
  Parts MakeParts();
  // Serves partitions beyond the configured number as well, if they hold mail.
  Co<absl::Status> AddParts();
  Co<absl::Status> SpreadGates();
  // Keeps the figures of what waits up to date.
  Co<void> ShowFigures();
  static std::vector<QueueStore*> QueuesOf(const Parts& parts);
  static std::vector<Stores> StoresOf(const Parts& parts);
  void Woken(std::string_view channel, std::string_view message);

  const Executor executor_;
  const Options options_;
  redis::Client redis_;
  redis::Client waiting_redis_;  // for writes that wait for replicas
  TaskGroup group_;
  Parts parts_;
  Scheduler scheduler_;
  QueueRpc rpc_;
  AdminRpc admin_rpc_;
  std::unique_ptr<redis::Subscriber> subscriber_;
  Timer next_look_;
  bool stopping_ = false;
};

// The section queue of a configuration that LoadConfig has checked, and what it takes of others.
Server::Options OptionsFrom(const config::v1::Config& config);

}  // namespace staffetta::queue
