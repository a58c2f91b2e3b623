#include "queue/messages.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <utility>

#include "common/rpc/times.h"
#include "common/smtp/idna.h"
#include "queue/content.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {
namespace {

using events::v1::Event;

bool Contains(const std::string& text, const std::string& part) {
  return absl::StrContains(absl::AsciiStrToLower(text), absl::AsciiStrToLower(part));
}

}  // namespace

absl::Status ToProto(QueueStore::Leased leased, absl::Time now, v1::LeasedDelivery* out) {
  Event part;
  // Merged: the message's part, then the delivery's (lua/layout.lua).
  if (!part.ParseFromString(leased.message_part + leased.delivery_part) ||
      part.recipients().empty()) {
    return absl::DataLossError(absl::StrCat("record of ", leased.delivery_id, " is damaged"));
  }
  if (!leased.plain_content.empty()) {
    out->set_content(std::move(leased.plain_content));
  } else if (!leased.content.empty()) {
    auto content = DecompressContent(leased.content);
    if (!content.ok()) return content.status();
    out->set_content(*std::move(content));
  }
  out->set_destination(DestinationOf(part.recipients(0)));
  out->set_delivery_id(std::move(leased.delivery_id));
  out->set_lease_id(std::move(leased.lease_id));
  out->set_message_id(part.message_id());
  out->mutable_envelope()->Swap(part.mutable_envelope());
  out->mutable_recipients()->Swap(part.mutable_recipients());
  out->set_class_(leased.message_class);
  out->set_by_floor_share(leased.by_floor_share);
  out->set_attempts(leased.attempts);
  *out->mutable_accept_time() = rpc::ToProto(leased.accepted);
  *out->mutable_expire_time() = rpc::ToProto(leased.expires);
  out->set_expired(leased.expires <= now);
  out->set_content_size(leased.content_size);
  out->set_content_pieces(leased.content_pieces);
  if (part.has_reply()) out->mutable_last_reply()->Swap(part.mutable_reply());
  if (part.has_time()) out->mutable_last_attempt_time()->Swap(part.mutable_time());
  return absl::OkStatus();
}

v1::QueuedDelivery ToProto(const AdminStore::Described& described) {
  v1::QueuedDelivery out;
  Event part;
  part.ParseFromString(described.message_part + described.delivery_part);
  out.set_delivery_id(described.delivery_id);
  out.set_state(described.state);
  if (!part.recipients().empty()) out.set_destination(DestinationOf(part.recipients(0)));
  out.mutable_envelope()->Swap(part.mutable_envelope());
  out.mutable_recipients()->Swap(part.mutable_recipients());
  out.set_class_(described.message_class);
  out.set_attempts(described.attempts);
  *out.mutable_accept_time() = rpc::ToProto(described.accepted);
  *out.mutable_expire_time() = rpc::ToProto(described.expires);
  const bool changes_by_itself = described.state == v1::DELIVERY_STATE_DUE_LATER ||
                                 described.state == v1::DELIVERY_STATE_LEASED;
  if (changes_by_itself && described.at != absl::InfiniteFuture()) {
    *out.mutable_due_time() = rpc::ToProto(described.at);
  }
  if (part.has_reply()) out.mutable_last_reply()->Swap(part.mutable_reply());
  out.set_lane(described.lane);
  return out;
}

bool Fits(const v1::Selector& selector, const v1::QueuedDelivery& delivery, absl::Time now) {
  const mail::v1::Envelope& envelope = delivery.envelope();
  if (selector.account_id() != 0 && envelope.account_id() != selector.account_id()) return false;
  if (selector.has_list_id() && envelope.list_id() != selector.list_id()) return false;
  if (!selector.user().empty() && envelope.user() != selector.user()) return false;
  if (!selector.message_id().empty() &&
      !absl::StartsWith(delivery.delivery_id(), selector.message_id() + ".")) {
    return false;
  }
  if (!selector.lane().empty() && delivery.lane() != selector.lane()) return false;
  if (!selector.channel().empty() && envelope.channel() != selector.channel()) return false;
  if (!selector.destination().empty() &&
      delivery.destination() != smtp::NormalizedDomain(selector.destination())) {
    return false;
  }
  if (!selector.campaign().empty() && envelope.campaign_code() != selector.campaign()) {
    return false;
  }
  if (selector.class_() != 0 && delivery.class_() != selector.class_()) return false;
  if (selector.state() != v1::DELIVERY_STATE_UNSPECIFIED && delivery.state() != selector.state()) {
    return false;
  }
  if (selector.has_older_than() &&
      now - rpc::FromProto(delivery.accept_time()) < rpc::FromProto(selector.older_than())) {
    return false;
  }
  if (!Contains(envelope.sender(), selector.sender())) return false;
  if (!Contains(envelope.subject(), selector.subject())) return false;
  if (selector.has_due_before() &&
      (!delivery.has_due_time() ||
       rpc::FromProto(delivery.due_time()) >= rpc::FromProto(selector.due_before()))) {
    return false;
  }
  if (selector.recipient().empty()) return true;
  for (const std::string& recipient : delivery.recipients()) {
    if (Contains(recipient, selector.recipient())) return true;
  }
  return false;
}

}  // namespace staffetta::queue
