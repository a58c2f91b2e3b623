#include "gateway/queue_message.h"

#include <cstdlib>
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

mail::v1::Ret ToProto(smtp::Ret ret) {
  switch (ret) {
    case smtp::Ret::kFull:
      return mail::v1::RET_FULL;
    case smtp::Ret::kHeaders:
      return mail::v1::RET_HEADERS;
  }
  std::abort();
}

void ToProto(Notices from, mail::v1::RecipientNotices* to) {
  to->set_recipient(std::move(from.recipient));
  to->set_never(from.notify.never);
  to->set_success(from.notify.success);
  to->set_failure(from.notify.failure);
  to->set_delay(from.notify.delay);
  to->set_original_recipient(std::move(from.original_recipient));
}

mail::v1::Demands ToProto(Demands from) {
  mail::v1::Demands to;
  if (from.ret) to.set_ret(ToProto(*from.ret));
  to.set_envelope_id(std::move(from.envelope_id));
  for (Notices& notices : from.notices) ToProto(std::move(notices), to.add_notices());
  if (from.deliver_by) {
    const int64_t millis = absl::ToUnixMillis(*from.deliver_by);
    to.mutable_deliver_by()->set_seconds(millis / 1000);
    to.mutable_deliver_by()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  }
  to.set_return_late(from.return_late);
  to.set_trace(from.trace);
  to.set_require_tls(from.require_tls);
  if (from.mt_priority) to.set_mt_priority(*from.mt_priority);
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
  envelope.set_utf8(message.utf8);
  envelope.set_binary(message.binary);
  envelope.set_utf8_header(message.utf8_header);
  envelope.set_campaign_name(message.controls.campaign_name);
  envelope.set_campaign_code(message.controls.campaign_code);
  mail::v1::Controls controls = ToProto(message.controls);
  if (controls.ByteSizeLong() > 0) *envelope.mutable_controls() = std::move(controls);
  mail::v1::Demands demands = ToProto(std::move(message.demands));
  if (demands.ByteSizeLong() > 0) *envelope.mutable_demands() = std::move(demands);
  for (std::string& recipient : message.recipients) to.add_recipients(std::move(recipient));
  to.set_class_(message.priority);
  to.set_content(std::move(message.content));
  to.set_content_pieces(message.content_pieces);
  to.set_content_size(message.content_size);
  if (message.schedule) {
    // Whole seconds, never earlier.
    const absl::Duration since =
        absl::Ceil(*message.schedule - absl::UnixEpoch(), absl::Seconds(1));
    to.mutable_schedule_time()->set_seconds(absl::ToInt64Seconds(since));
  }
  if (message.lifetime) {
    to.mutable_lifetime()->set_seconds(absl::ToInt64Seconds(*message.lifetime));
  }
  to.set_idempotency_key(std::move(message.idempotency_key));
  return to;
}

}  // namespace staffetta::gateway
