#include "delivery/queue_messages.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/base/check.h"
#include "common/rpc/times.h"
#include "common/smtp/utf8.h"

namespace staffetta::delivery {
namespace {

namespace pb = ::staffetta::queue::v1;

constexpr int kReportClass = 3;

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

std::optional<smtp::Ret> FromProto(mail::v1::Ret ret) {
  if (ret == mail::v1::RET_FULL) return smtp::Ret::kFull;
  if (ret == mail::v1::RET_HEADERS) return smtp::Ret::kHeaders;
  return std::nullopt;
}

// By recipient of the delivery, who are some of the message's.
std::vector<Notices> FromProto(google::protobuf::RepeatedPtrField<mail::v1::RecipientNotices>* all,
                               const std::vector<std::string>& recipients) {
  std::unordered_map<std::string_view, mail::v1::RecipientNotices*> by_recipient;
  for (mail::v1::RecipientNotices& each : *all) by_recipient.emplace(each.recipient(), &each);
  std::vector<Notices> notices(recipients.size());
  for (size_t i = 0; i < recipients.size(); ++i) {
    const auto found = by_recipient.find(recipients[i]);
    if (found == by_recipient.end()) continue;
    mail::v1::RecipientNotices& said = *found->second;
    notices[i] = {{said.never(), said.success(), said.failure(), said.delay()},
                  said.original_recipient()};
  }
  return notices;
}

Demands FromProto(mail::v1::Demands* said, const std::vector<std::string>& recipients) {
  Demands demands;
  demands.ret = FromProto(said->ret());
  demands.envelope_id = std::move(*said->mutable_envelope_id());
  if (!said->notices().empty()) {
    demands.notices = FromProto(said->mutable_notices(), recipients);
  }
  if (said->has_deliver_by()) demands.deliver_by = rpc::FromProto(said->deliver_by());
  demands.return_late = said->has_deliver_by() && said->return_late();
  demands.trace = said->trace();
  demands.require_tls = said->require_tls();
  if (said->has_mt_priority()) demands.mt_priority = said->mt_priority();
  return demands;
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
  delivery.binary = envelope->binary();
  delivery.utf8 = envelope->utf8();
  delivery.utf8_header = envelope->utf8_header();
  delivery.destination = std::move(*leased->mutable_destination());
  for (std::string& recipient : *leased->mutable_recipients()) {
    delivery.recipients.push_back(std::move(recipient));
  }
  if (envelope->has_demands()) {
    delivery.demands = FromProto(envelope->mutable_demands(), delivery.recipients);
  }
  delivery.priority = leased->class_();
  delivery.by_floor_share = leased->by_floor_share();
  delivery.attempts = leased->attempts();
  delivery.accept_time = rpc::FromProto(leased->accept_time());
  delivery.expire_time = rpc::FromProto(leased->expire_time());
  if (leased->has_last_attempt_time()) {
    delivery.last_attempt_time = rpc::FromProto(leased->last_attempt_time());
  }
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

pb::Completion ToCompletion(const Delivery& delivery, absl::Time now) {
  pb::Completion completion;
  completion.set_delivery_id(delivery.id);
  completion.set_lease_id(delivery.lease_id);
  completion.set_attempt(delivery.attempts + 1);
  *completion.mutable_attempt_time() = rpc::ToProto(now);
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

pb::NewMessage ReportMessage(const ReportFrom& from, const Delivery& delivery,
                             const NewsList& news) {
  pb::NewMessage report;
  report.set_message_id(from.message_id);
  mail::v1::Envelope* const envelope = report.mutable_envelope();
  envelope->set_account_id(delivery.account_id);
  envelope->set_list_id(delivery.list_id);
  envelope->set_user(delivery.user);
  envelope->set_channel(delivery.channel);
  envelope->set_subject(std::string(ReportSubject(news)));
  envelope->set_utf8(!smtp::IsAscii(delivery.sender));
  mail::v1::RecipientNotices* const notices = envelope->mutable_demands()->add_notices();
  notices->set_recipient(delivery.sender);
  notices->set_never(true);
  // It tells of a message that may cross nothing but TLS (RFC 8689 §5).
  envelope->mutable_demands()->set_require_tls(delivery.demands.require_tls);
  report.add_recipients(delivery.sender);
  report.set_class_(kReportClass);
  report.set_content(BuildReport(from, delivery, news));
  envelope->set_eight_bit(!smtp::IsAscii(report.content()));
  return report;
}

}  // namespace staffetta::delivery
