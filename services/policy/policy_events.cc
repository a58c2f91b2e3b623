#include "policy/policy_events.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "common/base/log.h"
#include "common/rpc/client.h"
#include "staffetta/events/v1/events.grpc.pb.h"

namespace staffetta::policy {
namespace {

using Events = rpc::Client<events::v1::EventsService>;

}  // namespace

struct PolicyEvents::Stub {
  Events client;
};

PolicyEvents::PolicyEvents(Executor executor) : group_(executor, "policy events") {}
PolicyEvents::~PolicyEvents() = default;

void PolicyEvents::SetPeer(std::shared_ptr<const rpc::Peer> events) {
  stub_ = std::make_shared<Stub>(Stub{Events(std::move(events))});
}

void PolicyEvents::Publish(events::v1::Event event) { group_.Spawn(Send(std::move(event))); }

void PolicyEvents::PublishState(const v1::Sender& sender, const std::string& what) {
  events::v1::Event event;
  event.set_type(events::v1::EVENT_TYPE_STATE_CHANGED);
  event.mutable_envelope()->set_account_id(sender.account_id());
  event.set_detail(absl::StrCat("sender ", sender.name(), " ", what));
  Publish(std::move(event));
}

Co<void> PolicyEvents::Send(events::v1::Event event) {
  const std::string detail = event.detail();
  absl::Status status = absl::UnavailableError("policy is starting");
  if (const std::shared_ptr<Stub> stub = stub_; stub != nullptr) {
    events::v1::PublishRequest request;
    *request.add_events() = std::move(event);
    const absl::StatusOr<events::v1::PublishResponse> response =
        co_await stub->client.Call(&Events::Async::Publish, std::move(request));
    status = response.status();
  }
  if (!status.ok()) {
    log::Warn("event not published: \"{}\": {}", log::Escaped(detail),
              std::string(status.message()));
  }
}

}  // namespace staffetta::policy
