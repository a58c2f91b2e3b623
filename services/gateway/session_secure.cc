// STARTTLS (RFC 3207) and AUTH (RFC 4954).

#include <utility>

#include "common/base/log.h"
#include "common/smtp/base64.h"
#include "common/smtp/sasl.h"
#include "gateway/sasl_exchange.h"
#include "gateway/session.h"

namespace staffetta::gateway {

Co<Session::Next> Session::StartTls(std::string_view argument) {
  if (!argument.empty()) {
    Say(Said::kSuperfluousArgument);
    co_return Next::kGoOn;
  }
  if (!MayStartTls()) {
    Say(connection_.tls ? Said::kAlreadyTls : Said::kNoTls);
    co_return Next::kGoOn;
  }
  // Whatever came in clear behind the command is forgotten, like all that was said in clear
  // (CVE-2011-0411).
  reader_.Drop();
  Forget();
  Say(Said::kReadyForTls);
  SetDeadline(settings().command_timeout);
  absl::Status done = co_await Flush();
  SetDeadline(settings().handshake_timeout);
  if (done.ok()) done = co_await stream_->AcceptTls(around_.tls->context());
  if (!done.ok()) {
    // Nothing more is said: the peer expects TLS.
    log::Debug("{}: no TLS: {}", connection_.client_address, done.ToString());
    co_return Next::kLost;
  }
  connection_.tls = stream_->tls();
  co_return Next::kGoOn;
}

std::optional<Said> Session::WhyNoAuth() const {
  if (connection_.tls) return std::nullopt;
  if (MustStartTls()) return Said::kTlsRequired;
  if (!settings().auth_without_tls) return Said::kAuthNeedsTls;
  return std::nullopt;
}

Co<Session::Next> Session::Auth(std::string_view argument) {
  std::optional<Said> why_not = WhyNoAuth();
  if (identified_ && identified_->proof == Proof::kPassword) why_not = Said::kAlreadyAuthenticated;
  if (transaction_.open) why_not = Said::kAuthInTransaction;
  if (hello_.greeting == Greeting::kNone) why_not = Said::kHelloFirst;
  if (why_not) {
    Say(*why_not);
    co_return Next::kGoOn;
  }
  auto args = smtp::ParseAuth(argument);
  if (!args) {
    Say(smtp::ReplyFor(args.error()));
    co_return Next::kGoOn;
  }
  // Rights that change from here on are looked up before the next command.
  const uint64_t changes = around_.backends.authenticator->Changes();
  const SaslPeer peer{around_.backends.authenticator, stream_.get(), connection_.client_address};
  auto exchange = NewSaslExchange(args->mechanism, Offer(), peer);
  if (const auto* refused = std::get_if<smtp::Reply>(&exchange)) {
    Say(*refused);
    co_return Next::kGoOn;
  }
  SaslExchange* const mechanism = std::get<0>(exchange).get();
  SaslStep step = co_await FirstStep(*std::move(args), mechanism);
  while (const auto* challenge = std::get_if<Challenge>(&step)) {
    Say(smtp::Reply{334, {}, smtp::EncodeBase64(challenge->text)});
    const auto line = co_await NextLine();
    if (!line.ok()) co_return Lost(line.status());
    if (line->too_long) {
      step = ReplyFor(Said::kAuthLineTooLong);
    } else {
      step = co_await AnswerLine(std::string(line->text), mechanism);
    }
  }
  if (const auto* refused = std::get_if<smtp::Reply>(&step)) {
    Say(*refused);
    co_return Next::kGoOn;
  }
  co_return co_await Conclude(std::get<Decided>(std::move(step)), changes);
}

SaslOffer Session::Offer() const {
  return {.tls = connection_.tls.has_value(),
          .binding = settings().auth_plus,
          .tokens = settings().auth_tokens};
}

Co<Session::Next> Session::Conclude(Decided decided, uint64_t changes) {
  if (!decided.answer.ok()) {
    log::Warn("{}: not authenticated: {}", connection_.client_address,
              decided.answer.status().ToString());
    Say(Said::kAuthUnavailable);
    co_return Next::kGoOn;
  }
  AuthAnswer& answer = *decided.answer;
  if (answer.delay > absl::ZeroDuration()) co_await Pause(answer.delay);
  if (answer.verdict != AuthVerdict::kOk) {
    log::Info("{}: user {} refused", connection_.client_address, log::Escaped(decided.user));
  } else if (!Become(std::move(answer.identity), changes)) {
    co_return Next::kEnd;
  }
  Say(ReplyFor(answer.verdict));
  co_return answer.verdict == AuthVerdict::kTooManyFailures ? Next::kEnd : Next::kGoOn;
}

bool Session::Become(Identity identity, uint64_t changes) {
  if (!arrival_.place->SetUser(identity.user, identity.caps.sessions)) {
    log::Info("{}: user {} has too many sessions", connection_.client_address, identity.user);
    Leave(Said::kTooManySessionsOfUser);
    return false;
  }
  identified_ = {std::move(identity), Proof::kPassword, changes};
  return true;
}

}  // namespace staffetta::gateway
