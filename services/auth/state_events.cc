#include "auth/state_events.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "common/base/log.h"
#include "common/rpc/client.h"
#include "staffetta/events/v1/events.grpc.pb.h"

namespace staffetta::auth {
namespace {

using Events = rpc::Client<events::v1::EventsService>;

}  // namespace

struct StateEvents::Stub {
  Events client;
};

StateEvents::StateEvents(Executor executor) : group_(executor, "auth events") {}
StateEvents::~StateEvents() = default;

void StateEvents::SetPeer(std::shared_ptr<const rpc::Peer> events) {
  stub_ = std::make_shared<Stub>(Stub{Events(std::move(events))});
}

void StateEvents::Publish(const v1::User& user, const std::string& what) {
  events::v1::PublishRequest request;
  events::v1::Event* event = request.add_events();
  event->set_type(events::v1::EVENT_TYPE_STATE_CHANGED);
  event->mutable_envelope()->set_account_id(user.account_id());
  event->mutable_envelope()->set_list_id(user.list_id());
  event->mutable_envelope()->set_user(user.user());
  event->set_detail(absl::StrCat("SMTP user ", user.user(), " ", what));
  group_.Spawn(Send(std::move(request)));
}

Co<void> StateEvents::Send(events::v1::PublishRequest request) {
  const std::string detail = request.events(0).detail();
  absl::Status status = absl::UnavailableError("auth is starting");
  if (const std::shared_ptr<Stub> stub = stub_; stub != nullptr) {
    const absl::StatusOr<events::v1::PublishResponse> response =
        co_await stub->client.Call(&Events::Async::Publish, std::move(request));
    status = response.status();
  }
  if (!status.ok()) {
    log::Warn("event not published: \"{}\": {}", log::Escaped(detail),
              std::string(status.message()));
  }
}

}  // namespace staffetta::auth
