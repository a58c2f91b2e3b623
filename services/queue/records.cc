#include "queue/records.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <map>
#include <utility>

#include "common/base/ids.h"
#include "queue/content.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {
namespace {

using events::v1::Event;

constexpr int kHighestClass = 1;
constexpr int kLowestClass = 5;

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string DestinationOf(const std::string& recipient) {
  const size_t at = recipient.rfind('@');
  return at == std::string::npos ? std::string() : absl::AsciiStrToLower(recipient.substr(at + 1));
}

std::map<std::string, Event> RecipientsByDestination(const v1::NewMessage& message) {
  std::map<std::string, Event> by_destination;
  for (const std::string& recipient : message.recipients()) {
    by_destination[DestinationOf(recipient)].add_recipients(recipient);
  }
  return by_destination;
}

events::v1::EventType TypeOf(v1::OutcomeKind kind) {
  switch (kind) {
    case v1::OUTCOME_KIND_DELIVERED:
      return events::v1::EVENT_TYPE_DELIVERED;
    case v1::OUTCOME_KIND_DEFERRED:
      return events::v1::EVENT_TYPE_DEFERRED;
    case v1::OUTCOME_KIND_FAILED:
      return events::v1::EVENT_TYPE_FAILED;
    case v1::OUTCOME_KIND_UNKNOWN:
      return events::v1::EVENT_TYPE_UNCERTAIN;
    case v1::OUTCOME_KIND_UNSPECIFIED:
    case v1::OutcomeKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::OutcomeKind_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return events::v1::EVENT_TYPE_UNSPECIFIED;
}

// About the message that failed; the bounce, a message of its own, is named.
std::string BouncedChange(const v1::NewMessage& bounce) {
  Event change;
  change.set_type(events::v1::EVENT_TYPE_BOUNCED);
  *change.mutable_recipients() = bounce.recipients();
  change.set_detail(absl::StrCat("bounce ", bounce.message_id()));
  return change.SerializeAsString();
}

bool IsTriedAgain(v1::OutcomeKind kind) {
  return kind == v1::OUTCOME_KIND_DEFERRED || kind == v1::OUTCOME_KIND_UNKNOWN;
}

}  // namespace

absl::StatusOr<StorableMessage> ToStorable(const v1::NewMessage& message,
                                           const RecordOptions& options, absl::Time now) {
  if (!PartitionOfMessageId(message.message_id())) {
    return absl::InvalidArgumentError("message_id: not a message id");
  }
  if (message.class_() < kHighestClass || message.class_() > kLowestClass) {
    return absl::InvalidArgumentError(absl::StrCat("class: ", message.class_(), " is not 1…5"));
  }
  if (message.recipients().empty()) return absl::InvalidArgumentError("recipients: there is none");

  StorableMessage storable;
  storable.id = message.message_id();
  storable.message_class = message.class_();
  storable.content_size = message.content().size();
  storable.content = CompressContent(message.content(), options.compression_level);
  storable.lifetime = message.has_lifetime() ? FromProto(message.lifetime()) : options.lifetime;
  if (message.has_schedule_time()) {
    storable.wait = absl::FromUnixSeconds(message.schedule_time().seconds()) - now;
  }

  Event part;
  part.set_message_id(message.message_id());
  *part.mutable_envelope() = message.envelope();
  part.set_class_(message.class_());
  storable.event_part = part.SerializeAsString();

  Event change;
  change.set_type(events::v1::EVENT_TYPE_ACCEPTED);
  *change.mutable_recipients() = message.recipients();
  storable.change = change.SerializeAsString();

  for (const auto& [destination, delivery] : RecipientsByDestination(message)) {
    storable.deliveries.push_back(
        {.lane = absl::StrCat(message.envelope().account_id(), "/", destination),
         .event_part = delivery.SerializeAsString()});
  }
  return storable;
}

absl::StatusOr<StorableCompletion> ToStorable(const v1::Completion& completion,
                                              const RecordOptions& options, absl::Time now) {
  StorableCompletion storable;
  storable.delivery_id = completion.delivery_id();
  storable.lease_id = completion.lease_id();
  storable.wait = FromProto(completion.retry_after());
  if (completion.has_bounce()) {
    auto bounce = ToStorable(completion.bounce(), options, now);
    if (!bounce.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("bounce.", std::string(bounce.status().message())));
    }
    storable.bounce.push_back(*std::move(bounce));
  }
  if (completion.outcomes().empty()) {
    storable.fate = Fate::kBack;
    return storable;
  }

  // One event for all recipients that heard the same.
  std::map<std::string, Event> changes;
  Event left;
  for (const v1::RecipientOutcome& outcome : completion.outcomes()) {
    if (TypeOf(outcome.kind()) == events::v1::EVENT_TYPE_UNSPECIFIED) {
      return absl::InvalidArgumentError(
          absl::StrCat("outcomes: ", outcome.recipient(), " has no kind"));
    }
    Event& change = changes[absl::StrCat(outcome.kind(), " ", outcome.reply().SerializeAsString())];
    change.set_type(TypeOf(outcome.kind()));
    *change.mutable_reply() = outcome.reply();
    change.add_recipients(outcome.recipient());
    change.set_attempt(completion.attempt());
    if (IsTriedAgain(outcome.kind())) {
      change.mutable_next_attempt()->set_seconds(absl::ToUnixSeconds(now + storable.wait));
      left.add_recipients(outcome.recipient());
      *left.mutable_reply() = outcome.reply();
    }
  }
  for (const auto& [key, change] : changes) storable.changes.push_back(change.SerializeAsString());
  if (completion.has_bounce()) storable.changes.push_back(BouncedChange(completion.bounce()));
  if (!left.recipients().empty()) {
    storable.fate = Fate::kRetry;
    storable.left = left.SerializeAsString();
  }
  return storable;
}

std::string LeaseLostChange() {
  Event change;
  change.set_type(events::v1::EVENT_TYPE_UNCERTAIN);
  change.set_detail("the worker that held this delivery was lost; it may have been delivered");
  return change.SerializeAsString();
}

}  // namespace staffetta::queue
