#include "policy/policy_events.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace staffetta::policy {

void PublishState(rpc::EventPublisher* events, const v1::Sender& sender, const std::string& what) {
  events::v1::Event event;
  event.set_type(events::v1::EVENT_TYPE_STATE_CHANGED);
  event.mutable_envelope()->set_account_id(sender.account_id());
  event.set_detail(absl::StrCat("sender ", sender.name(), " ", what));
  events->Publish(std::move(event));
}

}  // namespace staffetta::policy
