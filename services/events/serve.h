#pragma once

#include <string>

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
  Server(Executor executor, EventStore::Options options, redis::Client::Options redis,
         std::string key);

  grpc::Service* grpc_service() { return &rpc_; }

  Co<absl::Status> Start();
  Co<void> Stop();

 private:
  // Follows the stream and keeps the counters.
  Co<void> CountEvents();
  Co<absl::StatusOr<size_t>> CountSome();

  redis::Client redis_;
  TaskGroup group_;
  EventStore store_;
  EventsRpc rpc_;
  bool stopping_ = false;
};

// The section events of a configuration that LoadConfig has checked.
EventStore::Options OptionsFrom(const config::v1::Config& config);

}  // namespace staffetta::events
