#include "gateway/session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/smtp/sasl.h"
#include "common/smtp/utf8.h"
#include "common/smtp/xclient.h"
#include "gateway/date_time.h"
#include "gateway/figures.h"

namespace staffetta::gateway {
namespace {

// Replies to a peer that pipelines without end are written when they have become this many.
constexpr size_t kMaxCollected = 16 << 10;
// Between a deadline and the end of a peer that does not even read the reply to missing it.
constexpr absl::Duration kGrace = absl::Seconds(5);
// For a peer to hear the last words.
constexpr absl::Duration kLinger = absl::Seconds(2);

// Somebody takes this for a web server, or makes a browser talk to it.
bool IsHttp(std::string_view line) {
  constexpr std::array<std::string_view, 9> kMethods = {
      "GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const std::string_view word = line.substr(0, line.find(' '));
  return word.size() < line.size() &&
         std::find(kMethods.begin(), kMethods.end(), word) != kMethods.end();
}

}  // namespace

Session::Session(std::unique_ptr<net::Stream> stream, const Surroundings* surroundings,
                 TaskGroup* group, Arrival arrival)
    : around_(*surroundings),
      group_(group),
      stream_(std::move(stream)),
      reader_(stream_.get(), std::max(surroundings->settings.max_command, smtp::kMaxAuthLine)),
      arrival_(std::move(arrival)) {
  connection_.client_address = arrival_.client_address;
  connection_.tls = stream_->tls();
  connection_.end =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(settings().session_timeout);
}

Co<void> Session::Run() {
  Next next = co_await Welcome();
  while (next == Next::kGoOn && !last_words_) next = co_await OneCommand();
  transaction_ = {};  // content of which no more will come is not held while the last words go out
  if (last_words_) {
    Say(*last_words_);
    stream_->SetDeadline(kGrace);
  } else if (next == Next::kLost) {
    co_return stream_->Close();
  }
  // Who says QUIT sends nothing more that could reset the connection under our reply.
  const bool over = verb_ == smtp::Verb::kQuit && !connection_.tls && !stream_->HasInput();
  const absl::Status finished =
      co_await stream_->Finish(std::exchange(out_, {}), over ? absl::ZeroDuration() : kLinger);
  if (!finished.ok()) log::Debug("{}: last replies not sent", connection_.client_address);
}

void Session::Drain() {
  draining_ = true;
  if (waiting_ == Waiting::kForCommand && !transaction_.open) Leave(Said::kShuttingDown);
}

void Session::Leave(Said said) {
  if (last_words_) return;
  last_words_ = said;
  stream_->Interrupt();
  if (pause_ != nullptr) pause_->cancel();
}

void Session::Close() {
  closed_ = true;
  stream_->Close();
  if (pause_ != nullptr) pause_->cancel();
}

Co<void> Session::Pause(absl::Duration length) {
  if (closed_ || last_words_) co_return;
  Timer timer(co_await asio::this_coro::executor, absl::ToChronoNanoseconds(length));
  pause_ = &timer;
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(use_co, woken));
  pause_ = nullptr;
}

Co<Session::Next> Session::Welcome() {
  if (settings().banner_delay > absl::ZeroDuration()) co_await Pause(settings().banner_delay);
  // A web browser, a worm, or one that would not notice the place of our replies (RFC 5321 §4.3.1).
  if (stream_->HasInput()) {
    log::Debug("{}: talks before it is greeted", connection_.client_address);
    Say(Said::kTalksEarly);
    co_return Next::kEnd;
  }
  Greet();
  co_return Next::kGoOn;
}

void Session::Greet() { Say(smtp::Reply{220, {}, settings().hostname + " ESMTP Staffetta"}); }

void Session::Forget() {
  hello_ = {};
  identified_.reset();
  static_cast<void>(arrival_.place->SetUser(""));  // is never refused
  network_asked_ = false;
  transaction_ = {};
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
    // Behind BDAT comes content, and nobody knows how much.
    if (verb_ == smtp::Verb::kBdat) co_return Next::kEnd;
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
      if (verb_ == smtp::Verb::kBdat) {
        const Next next = co_await Bdat(command.argument, Said::kTemporaryFailure);
        co_return next;
      }
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
      TakeHello(command.argument, Greeting::kEhlo);
      break;
    case Verb::kHelo:
      TakeHello(command.argument, Greeting::kHelo);
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
      Verify(command.argument);
      break;
    case Verb::kHelp:
      Say(Said::kHelp);
      break;
    case Verb::kBdat:
      co_return co_await Bdat(command.argument);
    case Verb::kXclient:
      co_await Xclient(command.argument);
      break;
    case Verb::kExpn:
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

void Session::TakeHello(std::string_view argument, Greeting greeting) {
  const auto name = smtp::ParseHelloName(argument);
  if (!name) return Say(smtp::ReplyFor(name.error()));
  transaction_ = {};
  hello_ = {greeting, std::string(*name)};
  const bool extended = greeting == Greeting::kEhlo;
  Say(smtp::Reply{250, {}, extended ? EhloText() : settings().hostname});
}

std::string Session::EhloText() const {
  const absl::Time latest = around_.clock->Now() + settings().max_hold;
  std::string text = absl::StrCat(
      settings().hostname, "\nPIPELINING\nSIZE ", MaxMessageSize(),
      "\n8BITMIME\nENHANCEDSTATUSCODES\nSMTPUTF8\nDSN\nMT-PRIORITY\nDELIVERBY\nFUTURERELEASE ",
      absl::ToInt64Seconds(settings().max_hold), " ", FormatDateTime(latest),
      "\nLIMITS RCPTMAX=", MaxRecipients(), "\nCHUNKING\nBINARYMIME");
  if (connection_.tls) text += "\nREQUIRETLS";
  if (MayStartTls()) text += "\nSTARTTLS";
  if (!WhyNoAuth()) absl::StrAppend(&text, "\nAUTH ", SaslMechanisms(Offer()));
  if (MayXclient()) absl::StrAppend(&text, "\nXCLIENT ", ToAbsl(smtp::kXclientAttributes));
  return text;
}

// Nobody is told who exists.
void Session::Verify(std::string_view argument) {
  const auto error = smtp::CheckVrfy(argument, hello_.greeting == Greeting::kEhlo);
  if (error) return Say(smtp::ReplyFor(*error, true));
  Say(Said::kCannotVerify);
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
  if (last_words_) co_return absl::CancelledError("the session ends");
  co_return line;
}

void Session::Say(const smtp::Reply& reply) {
  if (reply.IsPermanent()) ++connection_.errors;
  Answer(reply.IsPermanent() && TooManyErrors() ? ReplyFor(Said::kTooManyErrors) : reply);
}

void Session::Answer(const smtp::Reply& reply) {
  log::Debug("{}: {} {} {}", connection_.client_address, smtp::VerbName(verb_), reply.code,
             reply.text);
  TheFigures().CountReply(reply.code);
  // RFC 6531 §3.7.4.1: UTF-8 only for those who asked for it.
  if (transaction_.params.utf8 || smtp::IsAscii(reply.text)) {
    return smtp::SerializeTo(reply, &out_);
  }
  smtp::Reply ascii = reply;
  for (char& c : ascii.text) c = (c & 0x80) != 0 ? '?' : c;
  smtp::SerializeTo(ascii, &out_);
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
  return Next::kLost;
}

void Session::SetDeadline(absl::Duration timeout) {
  const auto now = std::chrono::steady_clock::now();
  deadline_ = std::min(now + absl::ToChronoNanoseconds(timeout), connection_.end);
  stream_->SetDeadline(absl::FromChrono(deadline_ - now) + kGrace);
}

}  // namespace staffetta::gateway
