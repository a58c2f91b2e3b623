#include "gateway/queue_message.h"

#include <utility>

namespace staffetta::gateway {
namespace {

mail::v1::Controls ToProto(const Controls& from) {
  mail::v1::Controls to;
  if (from.click_tracking) to.set_click_tracking(*from.click_tracking);
  if (from.view_tracking) to.set_view_tracking(*from.view_tracking);
  if (from.header) to.set_header(*from.header);
  if (from.footer) to.set_footer(*from.footer);
  to.set_campaign_report(from.campaign_report);
  return to;
}

}  // namespace

queue::v1::NewMessage ToProto(Message message) {
  queue::v1::NewMessage to;
  to.set_message_id(std::move(message.id));
  mail::v1::Envelope& envelope = *to.mutable_envelope();
  envelope.set_account_id(message.identity.account_id);
  envelope.set_list_id(message.identity.list_id);
  envelope.set_user(std::move(message.identity.user));
  envelope.set_sender(std::move(message.sender));
  envelope.set_channel(std::move(message.identity.channel));
  envelope.set_subject(std::move(message.subject));
  envelope.set_client_address(std::move(message.client_address));
  envelope.set_eight_bit(message.eight_bit);
  envelope.set_campaign_name(message.controls.campaign_name);
  envelope.set_campaign_code(message.controls.campaign_code);
  mail::v1::Controls controls = ToProto(message.controls);
  if (controls.ByteSizeLong() > 0) *envelope.mutable_controls() = std::move(controls);
  for (std::string& recipient : message.recipients) to.add_recipients(std::move(recipient));
  to.set_class_(message.priority);
  to.set_content(std::move(message.content));
  if (message.schedule) {
    to.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(*message.schedule));
  }
  to.set_idempotency_key(std::move(message.idempotency_key));
  return to;
}

}  // namespace staffetta::gateway
