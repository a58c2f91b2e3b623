#pragma once

#include <memory>
#include <string>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/redis/client.h"
#include "common/redis/subscriber.h"
#include "queue/queue_rpc.h"
#include "queue/queue_store.h"
#include "queue/scheduler.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::queue {

// The queue service, wired. Confined to `executor`, but for grpc_service().
class Server {
 public:
  struct Options {
    QueueStore::Options store;
    RecordOptions records;
    bool allow_volatile = false;
  };
  // `key` is what callers must present.
  Server(Executor executor, Options options, redis::Client::Options redis, std::string key);

  grpc::Service* grpc_service() { return &rpc_; }

  // FAILED_PRECONDITION: Redis is not durable (SPEC Q1), and how to mend it.
  Co<absl::Status> Start();
  // Ends long polls, lets running calls finish.
  Co<void> Stop();

 private:
  const Executor executor_;
  const Options options_;
  redis::Client redis_;
  TaskGroup group_;
  QueueStore store_;
  Scheduler scheduler_;
  QueueRpc rpc_;
  std::unique_ptr<redis::Subscriber> subscriber_;
};

// The section queue of a configuration that LoadConfig has checked, and what it takes of others.
Server::Options OptionsFrom(const config::v1::Config& config);

}  // namespace staffetta::queue
