#include "auth/state_events.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace staffetta::auth {

void PublishState(rpc::EventPublisher* events, const v1::User& user, const std::string& what) {
  events::v1::Event event;
  event.set_type(events::v1::EVENT_TYPE_STATE_CHANGED);
  event.mutable_envelope()->set_account_id(user.account_id());
  event.mutable_envelope()->set_list_id(user.list_id());
  event.mutable_envelope()->set_user(user.user());
  event.set_detail(absl::StrCat("SMTP user ", user.user(), " ", what));
  events->Publish(std::move(event));
}

}  // namespace staffetta::auth
