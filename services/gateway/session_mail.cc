// MAIL and RCPT (RFC 5321 §4.1.1.2 and §4.1.1.3): who submits, as whom, to whom.

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/base/mail_log.h"
#include "common/smtp/params.h"
#include "gateway/session.h"

namespace staffetta::gateway {
namespace {

// This very host, whatever it is called: nobody's destination.
bool IsHere(const std::string& lower_domain) {
  constexpr std::string_view kSuffix = ".localhost";
  return lower_domain == "localhost" ||
         (lower_domain.size() > kSuffix.size() &&
          lower_domain.compare(lower_domain.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0);
}

}  // namespace

Co<void> Session::Mail(std::string_view argument) {
  if (hello_.greeting == Greeting::kNone) co_return Say(Said::kHelloFirst);
  if (MustStartTls()) co_return Say(Said::kTlsRequired);
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
