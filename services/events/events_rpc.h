#pragma once

#include <string>

#include "common/rpc/dispatcher.h"
#include "events/event_store.h"
#include "staffetta/events/v1/events.grpc.pb.h"

namespace staffetta::events {

// The EventsService of events.proto. Confined to `executor`'s thread, but for the methods that gRPC
// calls.
class EventsRpc final : public v1::EventsService::CallbackService {
 public:
  EventsRpc(Executor executor, EventStore* store, std::string key);

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

  const Executor executor_;
  EventStore* const store_;
  rpc::Dispatcher dispatcher_;
};

}  // namespace staffetta::events
