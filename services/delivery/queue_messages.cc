#include "delivery/queue_messages.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/rpc/times.h"
#include "common/smtp/utf8.h"

namespace staffetta::delivery {
namespace {

namespace pb = ::staffetta::queue::v1;

constexpr int kBounceClass = 3;

pb::OutcomeKind ToProto(Kind kind) {
  switch (kind) {
    case Kind::kDelivered:
      return pb::OUTCOME_KIND_DELIVERED;
    case Kind::kDeferred:
      return pb::OUTCOME_KIND_DEFERRED;
    case Kind::kFailed:
      return pb::OUTCOME_KIND_FAILED;
    case Kind::kUnknown:
      return pb::OUTCOME_KIND_UNKNOWN;
    case Kind::kNextHost:
    case Kind::kReconnect:
    case Kind::kNextTransaction:
    case Kind::kWithoutTls:
    case Kind::kHandBack:
      break;
  }
  CHECK(false);  // an outcome is decided
  return pb::OUTCOME_KIND_UNSPECIFIED;
}

// Protobuf strings are UTF-8; what a peer says may be anything.
std::string AsUtf8(std::string text) {
  if (!smtp::IsUtf8(text)) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  }
  return text;
}

bool HasEightBit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

}  // namespace

Delivery FromLeased(pb::LeasedDelivery* leased) {
  mail::v1::Envelope* const envelope = leased->mutable_envelope();
  Delivery delivery;
  delivery.id = std::move(*leased->mutable_delivery_id());
  delivery.lease_id = std::move(*leased->mutable_lease_id());
  delivery.message_id = std::move(*leased->mutable_message_id());
  delivery.account_id = envelope->account_id();
  delivery.list_id = envelope->list_id();
  delivery.user = std::move(*envelope->mutable_user());
  delivery.sender = std::move(*envelope->mutable_sender());
  delivery.channel = std::move(*envelope->mutable_channel());
  delivery.subject = std::move(*envelope->mutable_subject());
  delivery.eight_bit = envelope->eight_bit();
  delivery.utf8 = envelope->utf8();
  delivery.destination = std::move(*leased->mutable_destination());
  for (std::string& recipient : *leased->mutable_recipients()) {
    delivery.recipients.push_back(std::move(recipient));
  }
  delivery.priority = leased->class_();
  delivery.attempts = leased->attempts();
  delivery.accept_time = rpc::FromProto(leased->accept_time());
  delivery.expired = leased->expired();
  if (leased->has_last_reply()) {
    const mail::v1::Reply& last = leased->last_reply();
    delivery.last_reply.code = last.code();
    delivery.last_reply.enhanced =
        smtp::ParseEnhancedCode(last.enhanced_code()).value_or(smtp::EnhancedCode{});
    delivery.last_reply.text = last.text();
    delivery.last_host = last.host();
  }
  delivery.content = std::move(*leased->mutable_content());
  delivery.content_size = leased->content_size();
  delivery.content_pieces = leased->content_pieces();
  return delivery;
}

pb::Completion ToCompletion(const Delivery& delivery) {
  pb::Completion completion;
  completion.set_delivery_id(delivery.id);
  completion.set_lease_id(delivery.lease_id);
  completion.set_attempt(delivery.attempts + 1);
  for (size_t i = 0; i < delivery.outcomes.size(); ++i) {
    const Outcome& outcome = delivery.outcomes[i];
    pb::RecipientOutcome* const out = completion.add_outcomes();
    out->set_recipient(delivery.recipients[i]);
    out->set_kind(ToProto(outcome.kind));
    out->mutable_reply()->set_code(outcome.reply.code);
    out->mutable_reply()->set_enhanced_code(outcome.reply.enhanced.ToString());
    out->mutable_reply()->set_text(AsUtf8(outcome.reply.text));
    out->mutable_reply()->set_host(outcome.host);
  }
  return completion;
}

pb::NewMessage BounceMessage(const BounceFrom& from, const Delivery& delivery) {
  pb::NewMessage bounce;
  bounce.set_message_id(from.message_id);
  mail::v1::Envelope* const envelope = bounce.mutable_envelope();
  envelope->set_account_id(delivery.account_id);
  envelope->set_list_id(delivery.list_id);
  envelope->set_user(delivery.user);
  envelope->set_channel(delivery.channel);
  envelope->set_subject("Undelivered mail returned to sender");
  envelope->set_utf8(HasEightBit(delivery.sender));
  bounce.add_recipients(delivery.sender);
  bounce.set_class_(kBounceClass);
  bounce.set_content(BuildBounce(from, delivery));
  envelope->set_eight_bit(HasEightBit(bounce.content()));
  return bounce;
}

}  // namespace staffetta::delivery
