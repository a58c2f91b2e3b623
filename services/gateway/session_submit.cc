// From content to a message in the queue: whole, or as a stream once it has become large (SPEC Q8).

#include <absl/time/time.h>

#include <algorithm>
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

// What follows from content that is here whole.
void TakeContent(std::string content, bool utf8_header, std::optional<smtp::DataFit> fit,
                 Message* message) {
  message->eight_bit = !smtp::IsAscii(content);
  message->utf8_header = utf8_header;
  if (fit) {
    fit->Feed(content);
    message->binary = !fit->Fits();
  }
  message->content = std::move(content);
}

// Whether a host has to know SMTPUTF8. What the client says it needs and it does not is not asked
// of others.
bool NeedsUtf8(const MailParams& params, const Message& message) {
  const auto utf8 = [](const std::string& address) { return !smtp::IsAscii(address); };
  return params.utf8 && (message.utf8_header || utf8(message.sender) ||
                         std::any_of(message.recipients.begin(), message.recipients.end(), utf8));
}

smtp::Reply ReplyFor(ContentStream::Trouble trouble, const Settings& settings) {
  switch (trouble) {
    case ContentStream::Trouble::kNestedTooDeep:
      return ReplyFor(ContentFault::kNestedTooDeep, settings);
    case ContentStream::Trouble::kNotPut:
      break;
  }
  return ReplyFor(Said::kTemporaryFailure);
}

}  // namespace

Co<void> Session::Submit(std::string content) {
  auto examined = Examine(content, RulesForContent());
  if (!examined) co_return Refuse(ReplyFor(examined.error(), settings()));
  const absl::Time now = around_.clock->Now();
  auto asked = ReadSmtpApi(examined->header, {now, settings().max_hold});
  if (!asked) co_return Refuse(ReplyFor(asked.error()));
  auto admitted = co_await Admit(&*examined, &*asked, now);
  if (!admitted) co_return Refuse(admitted.error());
  Message& message = *admitted;
  Finished finished = FinishContent(*examined, content,
                                    {.trace = TraceOf(message.id, now),
                                     .priority = message.priority,
                                     .fields = &asked->dynamic_fields,
                                     .max_size = static_cast<size_t>(settings().max_message_size)});
  if (finished.too_big) co_return Refuse(ReplyFor(ContentFault::kTooBig, settings()));
  std::string().swap(content);
  message.subject = std::move(finished.subject);
  TakeContent(std::move(finished.content), finished.utf8_header, FitOfContent(), &message);
  co_await Queue(std::move(message));
}

Co<void> Session::SubmitReturned(std::string content) {
  auto examined = ExamineReturned(content, RulesForContent());
  if (!examined) co_return Refuse(ReplyFor(examined.error(), settings()));
  const absl::Time now = around_.clock->Now();
  Message message = AdmitReturned(&*examined);
  TakeContent(ReceivedField(TraceOf(message.id, now)) + content, examined->header.eight_bit(),
              FitOfContent(), &message);
  co_await Queue(std::move(message));
}

Co<void> Session::PassOn(Incoming* content) {
  if (!transaction_.stream) {
    std::optional<smtp::Reply> refusal;
    if (transaction_.returned) {
      refusal = BeginReturnedStream(content);
    } else {
      refusal = co_await BeginStream(content);
    }
    if (refusal) co_return content->Refuse(*refusal);
  }
  while (content->HasPiece()) {
    ContentStream& stream = *transaction_.stream;
    co_await stream.Put(content->TakePiece());
    if (const auto trouble = stream.trouble()) content->Refuse(ReplyFor(*trouble, settings()));
  }
}

Co<std::optional<smtp::Reply>> Session::BeginStream(Incoming* content) {
  auto examined = ExamineHeader(content->content(), RulesForContent());
  if (!examined) co_return ReplyFor(examined.error(), settings());
  const absl::Time now = around_.clock->Now();
  auto asked = ReadSmtpApi(examined->header, {now, settings().max_hold});
  if (!asked) co_return ReplyFor(asked.error());
  if (!asked->dynamic_fields.empty()) {
    content->KeepWhole();
    co_return std::nullopt;
  }
  auto memory = RoomForStream(*content);
  if (!memory) co_return ReplyFor(Said::kNoMemory);
  auto admitted = co_await Admit(&*examined, &*asked, now);
  if (!admitted) co_return admitted.error();

  Finished finished =
      FinishContent(*examined, content->content(),
                    {.trace = TraceOf(admitted->id, now), .priority = admitted->priority});
  const size_t body = content->content().size() - examined->header.body_offset();
  admitted->subject = std::move(finished.subject);
  admitted->utf8_header = finished.utf8_header;
  StreamRules rules{
      .header = finished.content.size() - body,
      .structure = mime::StructureScanner(examined->header, settings().max_mime_depth),
      .max_mime_depth = settings().max_mime_depth,
      .fit = FitOfContent()};
  OpenStream(*std::move(admitted), std::move(rules), std::move(memory));
  content->Stream(std::move(finished.content));
  co_return std::nullopt;
}

std::optional<smtp::Reply> Session::BeginReturnedStream(Incoming* content) {
  auto examined = ExamineReturned(content->content(), RulesForContent());
  if (!examined) return ReplyFor(examined.error(), settings());
  auto memory = RoomForStream(*content);
  if (!memory) return ReplyFor(Said::kNoMemory);
  Message message = AdmitReturned(&*examined);
  message.utf8_header = examined->header.eight_bit();
  std::string head = ReceivedField(TraceOf(message.id, around_.clock->Now()));
  head += content->content();
  OpenStream(std::move(message), {.fit = FitOfContent()}, std::move(memory));
  content->Stream(std::move(head));
  return std::nullopt;
}

std::shared_ptr<MemoryBudget::Reservation> Session::RoomForStream(const Incoming& content) const {
  auto memory = std::make_shared<MemoryBudget::Reservation>(around_.memory);
  return memory->GrowTo(HeldByStream(content.content().size())) ? memory : nullptr;
}

void Session::OpenStream(Message message, StreamRules rules,
                         std::shared_ptr<MemoryBudget::Reservation> memory) {
  transaction_.stream = std::make_unique<ContentStream>(
      std::move(message), std::move(rules), around_.backends.queue, group_, std::move(memory));
}

Co<void> Session::SubmitStream(std::string last) {
  ContentStream& stream = *transaction_.stream;
  auto message = co_await stream.Finish(std::move(last));
  if (const auto trouble = stream.trouble()) {
    co_return Refuse(ReplyFor(*trouble, settings()), stream.id());
  }
  co_await Queue(*std::move(message));
}

Co<smtp::Parsed<Message, smtp::Reply>> Session::Admit(Examined* examined, SmtpApi* asked,
                                                      absl::Time now) {
  const MailParams& params = transaction_.params;
  const auto unauthorised = co_await Authorise(std::move(examined->authors), examined->subject);
  if (unauthorised) co_return *unauthorised;
  const auto too_many = co_await WhyOverCaps();
  if (too_many) co_return *too_many;

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
  SetTimes(params, now, settings().lifetime, &message);
  co_return message;
}

Message Session::AdmitReturned(Examined* examined) const {
  return {.id = NewMessageId(0),
          .identity = {.channel = std::string(kReturnsChannel)},
          .sender = transaction_.sender.ToString(),
          .subject = std::move(examined->subject),
          .client_address = connection_.client_address};
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

std::optional<smtp::DataFit> Session::FitOfContent() const {
  if (transaction_.params.body != smtp::Body::kBinaryMime) return std::nullopt;
  return smtp::DataFit(settings().max_line);
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

Co<std::optional<smtp::Reply>> Session::WhyOverCaps() {
  const Identity& identity = identified_->identity;
  if (!identity.caps.HasRate()) co_return std::nullopt;
  const auto allowance = co_await around_.backends.authenticator->CountMessage(identity);
  if (!allowance.ok()) {
    log::Warn("{}: message not counted: {}", connection_.client_address,
              allowance.status().ToString());
    co_return ReplyFor(Said::kTemporaryFailure);
  }
  if (allowance->most == 0) co_return std::nullopt;
  co_return ReplyFor(*allowance, identity.user);
}

Co<void> Session::Queue(Message message) {
  TakeRecipients(std::move(transaction_.recipients), &message);
  message.utf8 = NeedsUtf8(transaction_.params, message);
  const std::string id = message.id;
  const std::string account = std::to_string(message.identity.account_id);
  const std::string user = message.identity.user;
  const std::string sender = message.sender;
  const auto recipients = static_cast<int64_t>(message.recipients.size());
  const int64_t size = message.content_pieces > 0 ? message.content_size
                                                  : static_cast<int64_t>(message.content.size());
  const int asked = message.priority;
  const auto queued = co_await around_.backends.queue->Enqueue(std::move(message));
  if (!queued.ok()) {
    log::Warn("{}: not queued: {}", id, queued.status().ToString());
    co_return Refuse(ReplyFor(Said::kTemporaryFailure), id);
  }
  if (queued->id == id) {
    const int priority = queued->demoted ? asked + 1 : asked;
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
