#include "common/rpc/event_publisher.h"

#include <utility>

#include "common/base/log.h"
#include "common/rpc/client.h"
#include "staffetta/events/v1/events.grpc.pb.h"

namespace staffetta::rpc {
namespace {

using Events = Client<events::v1::EventsService>;

}  // namespace

struct EventPublisher::Stub {
  Events client;
};

EventPublisher::EventPublisher(Executor executor, std::string name)
    : name_(std::move(name)), group_(executor, name_ + " events") {}
EventPublisher::~EventPublisher() = default;

void EventPublisher::SetPeer(std::shared_ptr<const Peer> events) {
  stub_ = std::make_shared<Stub>(Stub{Events(std::move(events))});
}

void EventPublisher::Publish(events::v1::Event event) { group_.Spawn(Send(std::move(event))); }

Co<void> EventPublisher::Send(events::v1::Event event) {
  const std::string detail = event.detail();
  absl::Status status = absl::UnavailableError(name_ + " is starting");
  if (const std::shared_ptr<Stub> stub = stub_; stub != nullptr) {
    events::v1::PublishRequest request;
    *request.add_events() = std::move(event);
    const auto response = co_await stub->client.Call(&Events::Async::Publish, std::move(request));
    status = response.status();
  }
  if (!status.ok()) {
    log::Warn("{}: event not published: \"{}\": {}", name_, log::Escaped(detail),
              std::string(status.message()));
  }
}

}  // namespace staffetta::rpc
