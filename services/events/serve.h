#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/redis/client.h"
#include "events/event_store.h"
#include "events/events_rpc.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::events {

// The events service, wired. Confined to `executor`, but for grpc_service().
class Server {
 public:
  struct Options {
    EventStore::Options store;
    int partitions = 1;  // of the queue
  };
  Server(Executor executor, Options options, redis::Client::Options redis, std::string key);

  grpc::Service* grpc_service() { return &rpc_; }

  Co<absl::Status> Start();
  Co<void> Stop();

 private:
  using Stores = std::vector<std::unique_ptr<EventStore>>;
  Stores MakeStores();
  static std::vector<EventStore*> PointersTo(const Stores& stores);

  // Follows a partition's stream and keeps its counters.
  Co<void> CountEvents(EventStore* store);
  static Co<absl::StatusOr<size_t>> CountSome(EventStore* store);

  const Options options_;
  redis::Client redis_;
  TaskGroup group_;
  Stores stores_;
  EventsRpc rpc_;
  bool stopping_ = false;
};

// The section events of a configuration that LoadConfig has checked, and what it takes of others.
Server::Options OptionsFrom(const config::v1::Config& config);

}  // namespace staffetta::events
