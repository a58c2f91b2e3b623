// DATA (RFC 5321 §4.1.1.4), and what it shares with BDAT: content to the message in the queue.

#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/mail_log.h"
#include "common/smtp/data_encoder.h"
#include "common/smtp/utf8.h"
#include "gateway/figures.h"
#include "gateway/priority.h"
#include "gateway/session.h"
#include "gateway/smtp_api.h"

namespace staffetta::gateway {
namespace {

constexpr uint64_t kToTheEnd = std::numeric_limits<uint64_t>::max();

void TakeRecipients(std::vector<Recipient> recipients, Message* message) {
  for (Recipient& recipient : recipients) {
    RcptParams& params = recipient.params;
    if (params.notify || !params.original_recipient.empty()) {
      message->demands.notices.push_back({recipient.address, params.notify.value_or(smtp::Notify()),
                                          std::move(params.original_recipient)});
    }
    message->recipients.push_back(std::move(recipient.address));
  }
}

// What a host has to know of, to take the message as it is. What the client says it needs and it
// does not is not asked of others.
void Describe(const MailParams& params, size_t max_line, bool utf8_header, Message* message) {
  const auto utf8 = [](const std::string& address) { return !smtp::IsAscii(address); };
  const bool utf8_address = utf8(message->sender) || std::any_of(message->recipients.begin(),
                                                                 message->recipients.end(), utf8);
  message->eight_bit = !smtp::IsAscii(message->content);
  message->utf8 = params.utf8 && (utf8_header || utf8_address);
  message->binary =
      params.body == smtp::Body::kBinaryMime && !smtp::FitsData(message->content, max_line);
}

}  // namespace

Co<Session::Next> Session::Data(std::string_view argument) {
  if (const auto why_not = WhyNoData(argument)) co_return RefuseData(*why_not);
  Say(Said::kGoOnWithData);
  SetDeadline(settings().command_timeout);
  absl::Status status = co_await Flush();
  if (!status.ok()) co_return Lost(status);
  BeginContent(smtp::DataDecoder::Framing::kDot, 0);
  status = co_await ReadContent(transaction_.content.get(), kToTheEnd);
  if (!status.ok()) co_return Lost(status);
  co_await EndContent();
  co_return Next::kGoOn;
}

std::optional<Said> Session::WhyNoData(std::string_view argument) const {
  if (!argument.empty()) return Said::kSuperfluousArgument;
  if (!transaction_.open) return Said::kMailFirst;
  if (transaction_.content) return Said::kDataBehindChunk;
  if (transaction_.params.body == smtp::Body::kBinaryMime) return Said::kBinaryNeedsBdat;
  if (!transaction_.recipients.empty()) return std::nullopt;
  return transaction_.recipient_refused ? Said::kNoValidRecipient : Said::kRecipientFirst;
}

// Who sends content without waiting for 354 would have it taken for commands.
Session::Next Session::RefuseData(Said said) {
  Say(said);
  if (reader_.buffered().empty() || TooManyErrors()) return Next::kGoOn;
  Say(Said::kOutOfStep);
  return Next::kEnd;
}

void Session::BeginContent(smtp::DataDecoder::Framing framing, uint64_t expected) {
  const MailParams& params = transaction_.params;
  transaction_.content = std::make_unique<Incoming>(
      framing, params.body == smtp::Body::kBinaryMime, MaxMessageSize(),
      std::max(expected, params.size), &around_.settings, around_.memory);
}

Co<absl::Status> Session::ReadContent(Incoming* content, uint64_t octets) {
  const size_t enough = settings().data_block;
  size_t block = enough;  // octets since the deadline was set
  while (octets > 0 && !(content != nullptr && content->done())) {
    const std::string_view input = reader_.buffered().substr(0, octets);
    if (input.empty()) {
      if (block >= enough) {
        SetDeadline(settings().data_timeout);
        block = 0;
      }
      // The peer may wait for what was said of commands before this one.
      absl::Status status = co_await Flush();
      if (!status.ok()) co_return status;
      waiting_ = Waiting::kForContent;
      status = co_await reader_.Fill();
      waiting_ = Waiting::kNo;
      if (!status.ok()) co_return status;
      if (last_words_) co_return absl::CancelledError("the session ends");
      continue;
    }
    const size_t used = content == nullptr ? input.size() : content->Feed(input);
    reader_.Consume(used);
    block += used;
    octets -= used;
  }
  co_return absl::OkStatus();
}

Co<void> Session::EndContent() {
  Incoming& content = *transaction_.content;
  std::optional<smtp::Reply> fault = content.Fault();
  if (!fault && !content.MakeRoomForCopy()) fault = ReplyFor(Said::kNoMemory);
  if (fault) {
    Refuse(*fault);
  } else if (transaction_.returned) {
    co_await SubmitReturned(content.TakeContent());
  } else {
    co_await Submit(content.TakeContent());
  }
  transaction_ = {};
}

Co<void> Session::Submit(std::string content) {
  const MailParams& params = transaction_.params;
  auto examined = Examine(content, RulesForContent());
  if (!examined) co_return Refuse(ReplyFor(examined.error(), settings()));
  const absl::Time now = around_.clock->Now();
  auto asked = ReadSmtpApi(examined->header, now);
  if (!asked) co_return Refuse(ReplyFor(asked.error()));
  const bool authorised = co_await Authorise(std::move(examined->authors), examined->subject);
  if (!authorised) co_return;
  const bool fits = co_await FitsCaps();
  if (!fits) co_return;

  const Identity& identity = identified_->identity;
  Message message{
      .id = NewMessageId(PartitionOfAccount(identity.account_id, settings().partitions)),
      .identity = identity,
      .sender = transaction_.sender.ToString(),
      .priority = EffectiveClass({.user = identity.priority,
                                  .smtp_api = asked->priority,
                                  .mt_priority = params.demands.mt_priority,
                                  .header = ClassOfHeader(examined->header)}),
      .client_address = connection_.client_address,
      .controls = std::move(asked->controls),
      .demands = params.demands,
      .schedule = asked->schedule,
      .idempotency_key = std::move(examined->idempotency_key)};
  TakeRecipients(std::move(transaction_.recipients), &message);
  SetTimes(params, now, settings().lifetime, &message);
  Finished finished = FinishContent(*examined, content,
                                    {.trace = TraceOf(message.id, now),
                                     .priority = message.priority,
                                     .fields = &asked->dynamic_fields,
                                     .max_size = static_cast<size_t>(settings().max_message_size)});
  if (finished.too_big) co_return Refuse(ReplyFor(ContentFault::kTooBig, settings()));
  std::string().swap(content);
  message.content = std::move(finished.content);
  message.subject = std::move(finished.subject);
  Describe(params, settings().max_line, finished.utf8_header, &message);
  co_await Queue(std::move(message));
}

Co<void> Session::SubmitReturned(std::string content) {
  auto examined = ExamineReturned(content, RulesForContent());
  if (!examined) co_return Refuse(ReplyFor(examined.error(), settings()));
  const absl::Time now = around_.clock->Now();
  Message message{.id = NewMessageId(0),
                  .identity = {.channel = std::string(kReturnsChannel)},
                  .sender = transaction_.sender.ToString(),
                  .client_address = connection_.client_address};
  TakeRecipients(std::move(transaction_.recipients), &message);
  message.subject = std::move(examined->subject);
  message.content = ReceivedField(TraceOf(message.id, now));
  message.content += content;
  Describe(transaction_.params, settings().max_line, examined->header.eight_bit(), &message);
  co_await Queue(std::move(message));
}

ContentRules Session::RulesForContent() const {
  return {.max_header = settings().max_header,
          .max_header_fields = settings().max_header_fields,
          .max_received = settings().max_received,
          .max_mime_depth = settings().max_mime_depth,
          .utf8 = transaction_.params.utf8,
          .binary = transaction_.params.body == smtp::Body::kBinaryMime,
          .max_line = settings().max_line};
}

Trace Session::TraceOf(const std::string& id, absl::Time now) const {
  const std::string& told = connection_.client_hello;
  return {.hello = told.empty() ? hello_.name : told,
          .client_name = connection_.client_name,
          .client_address = connection_.client_address,
          .hostname = settings().hostname,
          .greeting = hello_.greeting,
          .utf8 = transaction_.params.utf8,
          .tls = connection_.tls,
          .authenticated = identified_ && identified_->proof == Proof::kPassword,
          .id = id,
          .unix_seconds = absl::ToUnixSeconds(now)};
}

Co<bool> Session::FitsCaps() {
  const Identity& identity = identified_->identity;
  if (!identity.caps.HasRate()) co_return true;
  const auto allowance = co_await around_.backends.authenticator->CountMessage(identity);
  if (!allowance.ok()) {
    log::Warn("{}: message not counted: {}", connection_.client_address,
              allowance.status().ToString());
    Say(Said::kTemporaryFailure);
    co_return false;
  }
  if (allowance->most == 0) co_return true;
  Refuse(ReplyFor(*allowance, identity.user));
  co_return false;
}

Co<void> Session::Queue(Message message) {
  const std::string id = message.id;
  const std::string account = std::to_string(message.identity.account_id);
  const std::string user = message.identity.user;
  const std::string sender = message.sender;
  const auto recipients = static_cast<int64_t>(message.recipients.size());
  const auto size = static_cast<int64_t>(message.content.size());
  const int priority = message.priority;
  const auto queued = co_await around_.backends.queue->Enqueue(std::move(message));
  if (!queued.ok()) {
    log::Warn("{}: not queued: {}", id, queued.status().ToString());
    co_return Refuse(ReplyFor(Said::kTemporaryFailure), id);
  }
  if (queued->id == id) {
    TheFigures().accepted[priority].Increment();
    log::LogAccepted({.id = id,
                      .account = account,
                      .user = user,
                      .client = connection_.client_address,
                      .sender = sender,
                      .recipients = recipients,
                      .size = size,
                      .priority = priority,
                      .durability = NameOf(queued->durability)});
  } else {
    log::Info("{}: submitted again by {} with the same idempotency key", queued->id, user);
  }
  Say(QueuedReply(queued->id, queued->durability));
}

}  // namespace staffetta::gateway
