// MAIL and RCPT (RFC 5321 §4.1.1.2 and §4.1.1.3): who submits, as whom, to whom.

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/base/mail_log.h"
#include "gateway/figures.h"
#include "gateway/mail_params.h"
#include "gateway/priority.h"
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
  const ParamRules rules = RulesForParams();
  auto mail = smtp::ParseMail(argument, rules.extended);
  if (!mail) co_return Say(smtp::ReplyFor(mail.error()));
  auto params = ReadMailParams(mail->params, rules);
  if (!params) co_return Say(params.error());
  const std::optional<Said> unknown = co_await Identify();
  const bool returned = unknown == Said::kAuthRequired && !settings().return_path_domain.empty();
  if (unknown && !returned) co_return Say(*unknown);
  if (params->size > static_cast<uint64_t>(MaxMessageSize())) {
    co_return Say(TooBigReply(MaxMessageSize()));
  }
  transaction_ = {.open = true,
                  .returned = returned,
                  .sender = std::move(mail->reverse_path),
                  .params = *std::move(params)};
  if (returned) co_return Say(Said::kSenderOk);
  // The null path needs no right of its own: the header's From has to have it (SPEC V6).
  if (!transaction_.sender.IsNull()) {
    std::vector<smtp::Mailbox> addresses(1, transaction_.sender);
    const auto unauthorised = co_await Authorise(std::move(addresses), "");
    if (unauthorised) {
      Refuse(*unauthorised);
      transaction_ = {};
      co_return;
    }
  }
  const std::optional<int> asked = transaction_.params.demands.mt_priority;
  const int granted = GrantedMtPriority(identified_->identity.priority, asked.value_or(0));
  Say(asked && granted != *asked ? OtherPriorityReply(granted) : ReplyFor(Said::kSenderOk));
}

ParamRules Session::RulesForParams() const {
  return {.settings = settings(),
          .extended = hello_.greeting == Greeting::kEhlo,
          .tls = connection_.tls.has_value(),
          .now = around_.clock->Now()};
}

void Session::Rcpt(std::string_view argument) {
  if (!transaction_.open) return Say(Said::kMailFirst);
  if (transaction_.content) return Say(Said::kRecipientBehindContent);
  auto rcpt = smtp::ParseRcpt(argument, transaction_.params.utf8);
  const auto refuse = [this](const smtp::Reply& reply) {
    transaction_.recipient_refused = true;
    Say(reply);
  };
  if (!rcpt) return refuse(smtp::ReplyFor(rcpt.error(), true));
  auto params = ReadRcptParams(rcpt->params, RulesForParams());
  if (!params) return refuse(params.error());
  const smtp::Mailbox& recipient = rcpt->forward_path;
  if (recipient.domain.empty()) return refuse(ReplyFor(Said::kNoMailboxHere));
  if (transaction_.returned && recipient.LowerDomain() != settings().return_path_domain) {
    return refuse(ReplyFor(Said::kAuthRequired));
  }
  if (recipient.IsLiteral() || IsHere(recipient.LowerDomain())) {
    return refuse(ReplyFor(Said::kLiteralRefused));
  }
  std::vector<Recipient>& recipients = transaction_.recipients;
  std::string key = smtp::NormalizedKey(recipient);
  const auto known = transaction_.recipient_places.find(key);
  if (known != transaction_.recipient_places.end()) {
    Merge(*std::move(params), &recipients[known->second].params);
    return Say(Said::kRecipientOk);
  }
  if (recipients.size() >= static_cast<size_t>(MaxRecipients())) {
    return refuse(ReplyFor(Said::kTooManyRecipients));
  }
  transaction_.recipient_places.emplace(std::move(key), recipients.size());
  recipients.push_back({recipient.ToString(), *std::move(params)});
  Say(Said::kRecipientOk);
}

int64_t Session::MaxMessageSize() const {
  const int64_t cap = identified_ ? identified_->identity.caps.message_size : 0;
  return cap > 0 ? std::min(cap, settings().max_message_size) : settings().max_message_size;
}

int Session::MaxRecipients() const {
  const int cap = identified_ ? identified_->identity.caps.recipients_per_message : 0;
  return cap > 0 ? std::min(cap, settings().max_recipients) : settings().max_recipients;
}

Co<std::optional<Said>> Session::Identify() {
  if (identified_) co_return std::nullopt;
  if (!network_asked_) {
    const uint64_t changes = around_.backends.authenticator->Changes();
    auto answer =
        co_await around_.backends.authenticator->IdentifyNetwork(connection_.client_address);
    if (!answer.ok()) {
      log::Warn("{}: network not identified: {}", connection_.client_address,
                answer.status().ToString());
      co_return Said::kTemporaryFailure;
    }
    network_asked_ = true;
    if (answer->verdict == AuthVerdict::kOk) {
      identified_ = {std::move(answer->identity), Proof::kNetwork, changes};
      co_return std::nullopt;
    }
  }
  co_return Said::kAuthRequired;
}

Co<std::optional<smtp::Reply>> Session::Authorise(std::vector<smtp::Mailbox> addresses,
                                                  std::string subject) {
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
  if (unknown.empty()) co_return std::nullopt;

  SenderAnswer answer;
  answer.offending_address = unknown.front();
  auto checked = co_await around_.backends.senders->Check(
      identified_->identity, std::move(unknown), connection_.client_address, std::move(subject));
  if (!checked.ok()) {
    log::Warn("{}: senders not checked: {}", connection_.client_address,
              checked.status().ToString());
    co_return ReplyFor(Said::kTemporaryFailure);
  }
  if (checked->verdict == SenderVerdict::kOk) {
    for (std::string& key : keys) approved.push_back(std::move(key));
    co_return std::nullopt;
  }
  answer.verdict = checked->verdict;
  if (!checked->offending_address.empty()) {
    answer.offending_address = std::move(checked->offending_address);
  }
  co_return ReplyFor(answer, identified_->identity.user);
}

void Session::Refuse(const smtp::Reply& reply, const std::string& id) {
  LogRefusal(reply, id);
  Say(reply);
}

void Session::LogRefusal(const smtp::Reply& reply, const std::string& id) const {
  const Identity identity = identified_ ? identified_->identity : Identity{};
  TheFigures().CountRefused(reply);
  log::LogRefused({.id = id,
                   .account = std::to_string(identity.account_id),
                   .user = identity.user,
                   .client = connection_.client_address,
                   .sender = transaction_.sender.ToString(),
                   .code = reply.code,
                   .text = smtp::ToLogLine(reply)});
}

}  // namespace staffetta::gateway
