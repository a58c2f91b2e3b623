#include "queue/records.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "common/base/ids.h"
#include "common/base/text.h"
#include "common/rpc/times.h"
#include "common/smtp/address.h"
#include "common/smtp/ascii.h"
#include "common/smtp/idna.h"
#include "queue/content.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {
namespace {

using events::v1::Event;
using rpc::FromProto;

constexpr int kHighestClass = 1;
constexpr int kLowestClass = 5;
constexpr size_t kLongestKey = 255;
constexpr int kMostPieces = 10'000;
constexpr int kMostRecipients = 10'000;  // one script writes all their deliveries
constexpr size_t kMostShown = 100;       // of an address that is none

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

// Whatever the submitter chose, in 32 characters.
std::string DigestOf(const mail::v1::Envelope& envelope, const std::string& key) {
  const std::string text = absl::StrCat(envelope.account_id(), "/", envelope.user(), "/", key);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), 16});
}

bool IsAddress(const std::string& text) {
  return smtp::ParseMailbox(text, /*allow_utf8=*/true) ||
         smtp::EqualsIgnoreCase(text, "postmaster");
}

absl::Status NoAddress(std::string_view field, const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat(
      ToAbsl(field), ": \"", absl::CEscape(text.substr(0, kMostShown)), "\" is no address"));
}

absl::Status CheckAddresses(const v1::NewMessage& message) {
  const std::string& sender = message.envelope().sender();
  if (!sender.empty() && !IsAddress(sender)) return NoAddress("envelope.sender", sender);
  for (const std::string& recipient : message.recipients()) {
    if (!IsAddress(recipient)) return NoAddress("recipients", recipient);
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(const v1::NewMessage& message) {
  if (!PartitionOfMessageId(message.message_id())) {
    return absl::InvalidArgumentError("message_id: not a message id");
  }
  if (message.class_() < kHighestClass || message.class_() > kLowestClass) {
    return absl::InvalidArgumentError(absl::StrCat("class: ", message.class_(), " is not 1…5"));
  }
  if (message.recipients().empty()) return absl::InvalidArgumentError("recipients: there is none");
  if (message.recipients_size() > kMostRecipients) {
    return absl::InvalidArgumentError(
        absl::StrCat("recipients: more than ", kMostRecipients, ", divide the message"));
  }
  if (absl::StrContains(message.envelope().channel(), "/")) {
    return absl::InvalidArgumentError("envelope.channel: a name has no \"/\"");
  }
  if (message.idempotency_key().size() > kLongestKey) {
    return absl::InvalidArgumentError(
        absl::StrCat("idempotency_key: longer than ", kLongestKey, " bytes"));
  }
  if (message.content_pieces() < 0 || message.content_pieces() > kMostPieces) {
    return absl::InvalidArgumentError(
        absl::StrCat("content_pieces: ", message.content_pieces(), " is not 0…", kMostPieces));
  }
  return CheckAddresses(message);
}

}  // namespace

std::string DestinationOf(const std::string& recipient) {
  const size_t at = recipient.rfind('@');
  return at == std::string::npos
             ? std::string()
             : smtp::NormalizedDomain(std::string_view(recipient).substr(at + 1));
}

absl::StatusOr<StorableMessage> ToStorable(const v1::NewMessage& message,
                                           const RecordOptions& options) {
  const absl::Status valid = CheckMessage(message);
  if (!valid.ok()) return valid;

  StorableMessage storable;
  storable.id = message.message_id();
  storable.message_class = message.class_();
  storable.content_pieces = message.content_pieces();
  if (storable.content_pieces > 0) {
    storable.content_size = message.content_size();
  } else {
    storable.content_size = static_cast<int64_t>(message.content().size());
    storable.content = CompressContent(message.content(), options.compression_level);
    storable.plain_content = &message.content();
  }
  storable.own_lifetime = message.has_lifetime();
  storable.lifetime = storable.own_lifetime ? FromProto(message.lifetime()) : options.lifetime;
  if (message.has_schedule_time()) {
    storable.ready = FromProto(message.schedule_time());
  }
  if (!message.idempotency_key().empty()) {
    storable.idempotency_digest = DigestOf(message.envelope(), message.idempotency_key());
  }

  Event part;
  part.set_message_id(message.message_id());
  *part.mutable_envelope() = message.envelope();
  part.set_class_(message.class_());
  storable.event_part = part.SerializeAsString();

  Event change;
  change.set_type(events::v1::EVENT_TYPE_ACCEPTED);
  change.set_detail(options.level);
  *change.mutable_recipients() = message.recipients();
  storable.change = change.SerializeAsString();

  for (const auto& [destination, delivery] : RecipientsByDestination(message)) {
    storable.deliveries.push_back(
        {.lane = absl::StrCat(message.envelope().account_id(), "/", message.envelope().list_id(),
                              "/", message.envelope().channel(), "/", destination),
         .event_part = delivery.SerializeAsString(),
         .recipients = static_cast<size_t>(delivery.recipients_size())});
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
    auto bounce = ToStorable(completion.bounce(), options);
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
  const bool failed = std::any_of(
      completion.outcomes().begin(), completion.outcomes().end(),
      [](const v1::RecipientOutcome& each) { return each.kind() == v1::OUTCOME_KIND_FAILED; });
  if (completion.has_bounce() && failed) {
    storable.changes.push_back(BouncedChange(completion.bounce()));
  }
  if (!left.recipients().empty()) {
    if (completion.has_attempt_time()) *left.mutable_time() = completion.attempt_time();
    storable.fate = Fate::kRetry;
    storable.left = left.SerializeAsString();
    storable.recipients_left = left.recipients_size();
  }
  return storable;
}

std::string LeaseLostChange() {
  Event change;
  change.set_type(events::v1::EVENT_TYPE_UNCERTAIN);
  change.set_detail("the worker that held this delivery was lost; it may have been delivered");
  return change.SerializeAsString();
}

std::string SetAsideChange(const std::string& why) {
  Event change;
  change.set_type(events::v1::EVENT_TYPE_STATE_CHANGED);
  change.set_detail(absl::StrCat("set aside until an operator resumes or cancels it: ", why));
  return change.SerializeAsString();
}

std::string DemotedPart() {
  Event part;
  part.set_class_(2);
  return part.SerializeAsString();
}

}  // namespace staffetta::queue
