#pragma once

#include <string>
#include <vector>

#include "common/rpc/dispatcher.h"
#include "events/cursor.h"
#include "events/event_store.h"
#include "staffetta/events/v1/events.grpc.pb.h"

namespace staffetta::events {

// The EventsService of events.proto. Confined to `executor`'s thread, but for the methods that gRPC
// calls.
class EventsRpc final : public v1::EventsService::CallbackService {
 public:
  // One store for each partition.
  EventsRpc(Executor executor, std::vector<EventStore*> stores, std::string key);

  // From now on there is one more, the next in order.
  void Add(EventStore* store) { stores_.push_back(store); }

  // Ends watches and resumes when no call is running.
  Co<void> Drain() { return dispatcher_.Drain(); }

  grpc::ServerWriteReactor<v1::WatchEventsResponse>* WatchEvents(
      grpc::CallbackServerContext* context, const v1::WatchEventsRequest* request) override {
    return dispatcher_.Stream(context, request, this, &EventsRpc::DoWatchEvents);
  }
  grpc::ServerUnaryReactor* GetStatistics(grpc::CallbackServerContext* context,
                                          const v1::GetStatisticsRequest* request,
                                          v1::GetStatisticsResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &EventsRpc::DoGetStatistics);
  }
  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const v1::PublishRequest* request,
                                    v1::PublishResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &EventsRpc::DoPublish);
  }

 private:
  Co<absl::Status> DoWatchEvents(const v1::WatchEventsRequest* request,
                                 rpc::Writer<v1::WatchEventsResponse>* out);
  Co<absl::Status> DoGetStatistics(const v1::GetStatisticsRequest* request,
                                   v1::GetStatisticsResponse* response);
  Co<absl::Status> DoPublish(const v1::PublishRequest* request, v1::PublishResponse* response);

  // All that is new, moving `positions` behind it; the oldest first.
  Co<absl::StatusOr<std::vector<v1::Event>>> ReadBehind(Positions* positions, bool* more);

  const Executor executor_;
  std::vector<EventStore*> stores_;
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::events
