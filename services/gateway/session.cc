#include "gateway/session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/log.h"
#include "common/base/mail_log.h"
#include "common/base/text.h"
#include "common/smtp/ascii.h"
#include "common/smtp/params.h"
#include "common/smtp/sasl.h"
#include "gateway/sasl_exchange.h"

namespace staffetta::gateway {
namespace {

// Replies to a peer that pipelines without end are written when they have become this many.
constexpr size_t kMaxCollected = 16 << 10;
// Between a deadline and the end of a peer that does not even read the reply to missing it.
constexpr absl::Duration kGrace = absl::Seconds(5);

std::string AddressText(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// Somebody takes this for a web server, or makes a browser talk to it.
bool IsHttp(std::string_view line) {
  constexpr std::array<std::string_view, 9> kMethods = {
      "GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const std::string_view word = line.substr(0, line.find(' '));
  return word.size() < line.size() &&
         std::find(kMethods.begin(), kMethods.end(), word) != kMethods.end();
}

// This very host, whatever it is called: nobody's destination.
bool IsHere(const std::string& lower_domain) {
  constexpr std::string_view kSuffix = ".localhost";
  return lower_domain == "localhost" ||
         (lower_domain.size() > kSuffix.size() &&
          lower_domain.compare(lower_domain.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0);
}

}  // namespace

Session::Session(std::unique_ptr<net::Stream> stream, const Surroundings* surroundings)
    : around_(*surroundings),
      stream_(std::move(stream)),
      reader_(stream_.get(), std::max(surroundings->settings.max_command, smtp::kMaxAuthLine)) {
  connection_.client_address = AddressText(stream_->peer_address());
  connection_.end =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(settings().session_timeout);
}

Co<void> Session::Run() {
  Say(smtp::Reply{220, {}, settings().hostname + " ESMTP Staffetta"});
  Next next = Next::kGoOn;
  while (next == Next::kGoOn) next = co_await OneCommand();
  if (leaving_) co_return;
  const absl::Status flushed = co_await Flush();
  if (!flushed.ok()) log::Debug("{}: last replies not sent", connection_.client_address);
  stream_->Close();
}

Co<void> Session::Drain() {
  draining_ = true;
  if (waiting_ == Waiting::kForCommand && !transaction_.open) co_await Leave(Said::kShuttingDown);
}

Co<void> Session::TimeOut() { return Leave(Said::kTimeout); }

Co<void> Session::Leave(Said said) {
  if (leaving_) co_return;
  leaving_ = true;
  Say(said);
  stream_->SetDeadline(kGrace);
  const absl::Status flushed = co_await Flush();
  if (!flushed.ok()) log::Debug("{}: left before it was told", connection_.client_address);
  stream_->Close();
}

Co<Session::Next> Session::OneCommand() {
  if (draining_ && !transaction_.open) {
    Say(Said::kShuttingDown);
    co_return Next::kEnd;
  }
  const auto line = co_await NextLine();
  if (!line.ok()) co_return Lost(line.status());
  if (IsHttp(line->text)) {
    log::Debug("{}: speaks HTTP", connection_.client_address);
    out_.clear();
    co_return Next::kEnd;
  }
  const smtp::Command command = smtp::ParseCommand(line->text);
  verb_ = command.verb;
  if (line->too_long || line->text.size() > settings().max_command) {
    if (verb_ != smtp::Verb::kAuth) {
      Say(Said::kCommandTooLong);
    } else if (line->too_long) {
      Say(Said::kAuthLineTooLong);
    }
    if (line->too_long || verb_ != smtp::Verb::kAuth) co_return Next::kGoOn;
  }
  const bool changed =
      identified_ && identified_->changes != around_.backends.authenticator->Changes();
  if (changed && verb_ != smtp::Verb::kQuit) {
    const Standing standing = co_await CheckStanding();
    if (standing == Standing::kLost) {
      Say(Said::kRightsChanged);
      co_return Next::kEnd;
    }
    if (standing == Standing::kUnknown) {
      if (verb_ == smtp::Verb::kData) co_return RefuseData(Said::kTemporaryFailure);
      Say(Said::kTemporaryFailure);
      co_return Next::kGoOn;
    }
  }
  const Next next = co_await Dispatch(command);
  co_return TooManyErrors() ? Next::kEnd : next;
}

Co<Session::Next> Session::Dispatch(smtp::Command command) {
  using smtp::Verb;
  switch (command.verb) {
    case Verb::kEhlo:
      Greet(command.argument, Greeting::kEhlo);
      break;
    case Verb::kHelo:
      Greet(command.argument, Greeting::kHelo);
      break;
    case Verb::kMail:
      co_await Mail(command.argument);
      break;
    case Verb::kRcpt:
      Rcpt(command.argument);
      break;
    case Verb::kData:
      co_return co_await Data(command.argument);
    case Verb::kStartTls:
      co_return co_await StartTls(command.argument);
    case Verb::kAuth:
      co_return co_await Auth(command.argument);
    case Verb::kRset:
      transaction_ = {};
      Say(Said::kOk);
      break;
    case Verb::kNoop:
      Say(Said::kOk);
      break;
    case Verb::kQuit:
      Say(Said::kGoodbye);
      co_return Next::kEnd;
    case Verb::kVrfy:
      Say(Said::kCannotVerify);
      break;
    case Verb::kHelp:
      Say(Said::kHelp);
      break;
    case Verb::kBdat:
      // CHUNKING is not offered: what follows is content, and must not be taken for commands.
      Say(Said::kNotImplemented);
      co_return Next::kEnd;
    case Verb::kExpn:
    case Verb::kXclient:
      Say(Said::kNotImplemented);
      break;
    case Verb::kMalformed:
      Say(Said::kMalformedCommand);
      break;
    case Verb::kUnknown:
      Say(Said::kUnknownCommand);
      break;
  }
  co_return Next::kGoOn;
}

void Session::Greet(std::string_view argument, Greeting greeting) {
  const auto name = smtp::ParseHelloName(argument);
  if (!name) return Say(smtp::ReplyFor(name.error()));
  transaction_ = {};
  hello_ = {greeting, std::string(*name)};
  const bool extended = greeting == Greeting::kEhlo;
  Say(smtp::Reply{250, {}, extended ? EhloText() : settings().hostname});
}

std::string Session::EhloText() const {
  std::string text = absl::StrCat(settings().hostname, "\nPIPELINING\nSIZE ",
                                  settings().max_message_size, "\n8BITMIME\nENHANCEDSTATUSCODES");
  if (around_.tls && !connection_.tls) text += "\nSTARTTLS";
  if (!WhyNoAuth()) absl::StrAppend(&text, "\nAUTH ", ToAbsl(kSaslMechanisms));
  return text;
}

Co<void> Session::Mail(std::string_view argument) {
  if (hello_.greeting == Greeting::kNone) co_return Say(Said::kHelloFirst);
  if (settings().require_tls && !connection_.tls) co_return Say(Said::kTlsRequired);
  if (transaction_.open) co_return Say(Said::kAlreadyInTransaction);
  auto mail = smtp::ParseMail(argument, false);
  if (!mail) co_return Say(smtp::ReplyFor(mail.error()));
  Transaction transaction{.open = true, .sender = std::move(mail->reverse_path)};
  if (!TakeMailParams(mail->params, &transaction)) co_return;
  const bool identified = co_await Identify();
  if (!identified) co_return;
  transaction_ = std::move(transaction);
  // The null path needs no right of its own: the header's From has to have it (SPEC V6).
  if (!transaction_.sender.IsNull()) {
    std::vector<smtp::Mailbox> addresses(1, transaction_.sender);
    const bool authorised = co_await Authorise(std::move(addresses), "");
    if (!authorised) {
      transaction_ = {};
      co_return;
    }
  }
  Say(Said::kSenderOk);
}

bool Session::TakeMailParams(const smtp::Params& params, Transaction* transaction) {
  for (const smtp::Param& param : params.list) {
    if (param.keyword == "SIZE") {
      const auto size = smtp::ParseSizeParam(param.value);
      if (!size) {
        Say(smtp::ReplyFor(size.error()));
        return false;
      }
      if (*size > static_cast<uint64_t>(settings().max_message_size)) {
        Say(ReplyFor(ContentFault::kTooBig, settings()));
        return false;
      }
      transaction->declared_size = *size;
    } else if (param.keyword == "BODY") {
      const auto body = smtp::ParseBodyParam(param.value);
      if (!body || *body == smtp::Body::kBinaryMime) {
        Say(body ? ReplyFor(Said::kUnknownParameter) : smtp::ReplyFor(body.error()));
        return false;
      }
    } else if (param.keyword != "AUTH") {  // RFC 4954 §5: taken, and believed by nobody
      Say(Said::kUnknownParameter);
      return false;
    }
  }
  return true;
}

void Session::Rcpt(std::string_view argument) {
  if (!transaction_.open) return Say(Said::kMailFirst);
  auto rcpt = smtp::ParseRcpt(argument, false);
  const auto refuse = [this](const smtp::Reply& reply) {
    transaction_.recipient_refused = true;
    Say(reply);
  };
  if (!rcpt) return refuse(smtp::ReplyFor(rcpt.error(), true));
  if (!rcpt->params.list.empty()) return refuse(ReplyFor(Said::kUnknownParameter));
  const smtp::Mailbox& recipient = rcpt->forward_path;
  if (recipient.domain.empty()) return refuse(ReplyFor(Said::kNoMailboxHere));
  if (recipient.IsLiteral() || IsHere(recipient.LowerDomain())) {
    return refuse(ReplyFor(Said::kLiteralRefused));
  }
  std::string key = smtp::NormalizedKey(recipient);
  if (!transaction_.recipient_keys.contains(key)) {
    if (transaction_.recipients.size() >= static_cast<size_t>(settings().max_recipients)) {
      return refuse(ReplyFor(Said::kTooManyRecipients));
    }
    transaction_.recipient_keys.insert(std::move(key));
    transaction_.recipients.push_back(recipient.ToString());
  }
  Say(Said::kRecipientOk);
}

Co<Session::Standing> Session::CheckStanding() {
  const uint64_t changes = around_.backends.authenticator->Changes();
  const auto valid = co_await around_.backends.authenticator->StillValid(identified_->identity,
                                                                         identified_->changes);
  if (!valid.ok()) co_return Standing::kUnknown;
  if (!*valid) co_return Standing::kLost;
  identified_->changes = changes;
  co_return Standing::kGood;
}

Co<bool> Session::Identify() {
  if (identified_) co_return true;
  if (!network_asked_) {
    const uint64_t changes = around_.backends.authenticator->Changes();
    auto answer =
        co_await around_.backends.authenticator->IdentifyNetwork(connection_.client_address);
    if (!answer.ok()) {
      log::Warn("{}: network not identified: {}", connection_.client_address,
                answer.status().ToString());
      Say(Said::kTemporaryFailure);
      co_return false;
    }
    network_asked_ = true;
    if (answer->verdict == AuthVerdict::kOk) {
      identified_ = {std::move(answer->identity), Proof::kNetwork, changes};
      co_return true;
    }
  }
  Say(Said::kAuthRequired);
  co_return false;
}

Co<bool> Session::Authorise(std::vector<smtp::Mailbox> addresses, std::string subject) {
  std::vector<std::string>& approved = transaction_.approved;
  std::vector<std::string> keys;
  std::vector<std::string> unknown;
  for (const smtp::Mailbox& address : addresses) {
    std::string key = smtp::NormalizedKey(address);
    const auto same = [&key](const std::string& other) { return other == key; };
    if (std::any_of(approved.begin(), approved.end(), same)) continue;
    if (std::any_of(keys.begin(), keys.end(), same)) continue;
    keys.push_back(std::move(key));
    unknown.push_back(address.ToString());
  }
  if (unknown.empty()) co_return true;

  SenderAnswer answer;
  answer.offending_address = unknown.front();
  auto checked = co_await around_.backends.senders->Check(
      identified_->identity, std::move(unknown), connection_.client_address, std::move(subject));
  if (!checked.ok()) {
    log::Warn("{}: senders not checked: {}", connection_.client_address,
              checked.status().ToString());
    Say(Said::kTemporaryFailure);
    co_return false;
  }
  if (checked->verdict == SenderVerdict::kOk) {
    for (std::string& key : keys) approved.push_back(std::move(key));
    co_return true;
  }
  answer.verdict = checked->verdict;
  if (!checked->offending_address.empty()) {
    answer.offending_address = std::move(checked->offending_address);
  }
  const smtp::Reply reply = ReplyFor(answer, identified_->identity.user);
  LogRefusal("", transaction_.sender, reply);
  Say(reply);
  co_return false;
}

Co<absl::StatusOr<net::LineReader::Line>> Session::NextLine() {
  if (!reader_.HasLine() || out_.size() > kMaxCollected) {
    SetDeadline(settings().command_timeout);
    const absl::Status flushed = co_await Flush();
    if (!flushed.ok()) co_return flushed;
  }
  SetDeadline(settings().command_timeout);
  waiting_ = Waiting::kForCommand;
  auto line = co_await reader_.ReadLine();
  waiting_ = Waiting::kNo;
  if (leaving_) co_return absl::CancelledError("the session ends");
  co_return line;
}

void Session::Say(const smtp::Reply& reply) {
  log::Debug("{}: {} {} {}", connection_.client_address, smtp::VerbName(verb_), reply.code,
             reply.text);
  if (reply.IsPermanent()) ++connection_.errors;
  if (reply.IsPermanent() && TooManyErrors()) {
    return smtp::SerializeTo(ReplyFor(Said::kTooManyErrors), &out_);
  }
  smtp::SerializeTo(reply, &out_);
}

Co<absl::Status> Session::Flush() {
  if (out_.empty()) co_return absl::OkStatus();
  const std::string replies = std::exchange(out_, {});
  const absl::Status written = co_await stream_->Write(replies);
  co_return written;
}

Session::Next Session::Lost(const absl::Status& status) {
  log::Debug("{}: {}", connection_.client_address, status.ToString());
  out_.clear();
  return Next::kEnd;
}

void Session::SetDeadline(absl::Duration timeout) {
  const auto now = std::chrono::steady_clock::now();
  deadline_ = std::min(now + absl::ToChronoNanoseconds(timeout), connection_.end);
  stream_->SetDeadline(absl::FromChrono(deadline_ - now) + kGrace);
}

void Session::LogRefusal(const std::string& id, const smtp::Mailbox& sender,
                         const smtp::Reply& reply) const {
  const Identity identity = identified_ ? identified_->identity : Identity{};
  log::LogRefused({.id = id,
                   .account = std::to_string(identity.account_id),
                   .user = identity.user,
                   .client = connection_.client_address,
                   .sender = sender.ToString(),
                   .code = reply.code,
                   .text = smtp::ToLogLine(reply)});
}

}  // namespace staffetta::gateway
