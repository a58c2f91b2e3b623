#include "gateway/mail_params.h"

#include <algorithm>
#include <utility>

#include "gateway/date_time.h"
#include "gateway/verdicts.h"

namespace staffetta::gateway {
namespace {

using smtp::ParamValue;
using Refusal = std::optional<smtp::Reply>;

Refusal Refused(smtp::SyntaxError error) {
  smtp::Reply reply = smtp::ReplyFor(error);
  reply.enhanced = {5, 5, 4};  // a parameter is at fault, not the address
  return reply;
}

template <class T, class To>
Refusal Take(smtp::Parsed<T, smtp::SyntaxError> parsed, To* to) {
  if (!parsed) return Refused(parsed.error());
  *to = *std::move(parsed);
  return std::nullopt;
}

// RFC 4954 §5: taken, and believed by nobody.
Refusal ReadAuth(const ParamValue&, const ParamRules&, MailParams*) { return std::nullopt; }

Refusal ReadBody(const ParamValue& value, const ParamRules&, MailParams* to) {
  return Take(smtp::ParseBodyParam(value), &to->body);
}

Refusal ReadBy(const ParamValue& value, const ParamRules&, MailParams* to) {
  return Take(smtp::ParseByParam(value), &to->by);
}

Refusal ReadEnvid(const ParamValue& value, const ParamRules&, MailParams* to) {
  return Take(smtp::ParseEnvidParam(value), &to->demands.envelope_id);
}

// RFC 4865 §4
Refusal Hold(absl::Time until, const ParamRules& rules, MailParams* to) {
  if (to->hold_until) return ReplyFor(Said::kHeldTwice);
  if (until > rules.now + rules.settings.max_hold) return ReplyFor(Said::kHeldTooLong);
  to->hold_until = until;
  return std::nullopt;
}

Refusal ReadHoldFor(const ParamValue& value, const ParamRules& rules, MailParams* to) {
  const auto seconds = smtp::ParseHoldForParam(value);
  if (!seconds) return Refused(seconds.error());
  return Hold(rules.now + absl::Seconds(*seconds), rules, to);
}

Refusal ReadHoldUntil(const ParamValue& value, const ParamRules& rules, MailParams* to) {
  const auto time = value ? ParseDateTime(*value, DateForm::kRfc3339) : std::nullopt;
  if (!time) return Refused(smtp::SyntaxError::kBadParameterValue);
  return Hold(*time, rules, to);
}

Refusal ReadMtPriority(const ParamValue& value, const ParamRules&, MailParams* to) {
  return Take(smtp::ParseMtPriorityParam(value), &to->demands.mt_priority);
}

// RFC 8689 §2: not offered in clear.
Refusal ReadRequireTls(const ParamValue& value, const ParamRules& rules, MailParams* to) {
  if (!rules.tls) return ReplyFor(Said::kRequireTlsNeedsTls);
  return Take(smtp::ParseFlagParam(value), &to->demands.require_tls);
}

Refusal ReadRet(const ParamValue& value, const ParamRules&, MailParams* to) {
  return Take(smtp::ParseRetParam(value), &to->demands.ret);
}

Refusal ReadSize(const ParamValue& value, const ParamRules& rules, MailParams* to) {
  if (const Refusal refusal = Take(smtp::ParseSizeParam(value), &to->size)) return refusal;
  if (to->size <= static_cast<uint64_t>(rules.settings.max_message_size)) return std::nullopt;
  return ReplyFor(ContentFault::kTooBig, rules.settings);
}

Refusal ReadSmtpUtf8(const ParamValue& value, const ParamRules&, MailParams* to) {
  return Take(smtp::ParseFlagParam(value), &to->utf8);
}

Refusal ReadNotify(const ParamValue& value, const ParamRules&, RcptParams* to) {
  return Take(smtp::ParseNotifyParam(value), &to->notify);
}

Refusal ReadOrcpt(const ParamValue& value, const ParamRules&, RcptParams* to) {
  const auto orcpt = smtp::ParseOrcptParam(value);
  if (!orcpt) return Refused(orcpt.error());
  to->original_recipient = orcpt->type + ";" + orcpt->address;
  return std::nullopt;
}

template <class To>
struct Reader {
  std::string_view keyword;
  Refusal (*read)(const ParamValue& value, const ParamRules& rules, To* to);
};

constexpr Reader<MailParams> kMailReaders[] = {
    {"AUTH", ReadAuth},
    {"BODY", ReadBody},
    {"BY", ReadBy},
    {"ENVID", ReadEnvid},
    {"HOLDFOR", ReadHoldFor},
    {"HOLDUNTIL", ReadHoldUntil},
    {"MT-PRIORITY", ReadMtPriority},
    {"REQUIRETLS", ReadRequireTls},
    {"RET", ReadRet},
    {"SIZE", ReadSize},
    {"SMTPUTF8", ReadSmtpUtf8},
};

constexpr Reader<RcptParams> kRcptReaders[] = {{"NOTIFY", ReadNotify}, {"ORCPT", ReadOrcpt}};

template <class To, size_t kCount>
smtp::Parsed<To, smtp::Reply> Read(const Reader<To> (&readers)[kCount], const smtp::Params& params,
                                   const ParamRules& rules) {
  To to;
  for (const smtp::Param& param : params.list) {
    const auto* const reader =
        std::find_if(std::begin(readers), std::end(readers),
                     [&param](const auto& one) { return one.keyword == param.keyword; });
    if (!rules.extended || reader == std::end(readers)) return ReplyFor(Said::kUnknownParameter);
    if (Refusal refusal = reader->read(param.value, rules, &to)) return *std::move(refusal);
  }
  return to;
}

}  // namespace

smtp::Parsed<MailParams, smtp::Reply> ReadMailParams(const smtp::Params& params,
                                                     const ParamRules& rules) {
  return Read(kMailReaders, params, rules);
}

smtp::Parsed<RcptParams, smtp::Reply> ReadRcptParams(const smtp::Params& params,
                                                     const ParamRules& rules) {
  return Read(kRcptReaders, params, rules);
}

void Merge(RcptParams again, RcptParams* first) {
  // Who does not say is told of failures.
  constexpr smtp::Notify kUnsaid = {.failure = true};
  if (again.notify || first->notify) {
    smtp::Notify both = first->notify.value_or(kUnsaid);
    const smtp::Notify other = again.notify.value_or(kUnsaid);
    both.success |= other.success;
    both.failure |= other.failure;
    both.delay |= other.delay;
    both.never &= other.never;
    first->notify = both;
  }
  if (first->original_recipient.empty()) {
    first->original_recipient = std::move(again.original_recipient);
  }
}

void SetTimes(const MailParams& params, absl::Time now, absl::Duration lifetime, Message* message) {
  const absl::Time held = params.hold_until.value_or(now);
  if (held > std::max(now, message->schedule.value_or(now))) message->schedule = held;
  if (!params.by) return;
  const absl::Duration by = absl::Seconds(params.by->seconds);
  Demands& demands = message->demands;
  demands.deliver_by = message->schedule.value_or(now) + by;
  demands.return_late = params.by->return_late;
  demands.trace = params.by->trace;
  if (demands.return_late && by < lifetime) message->lifetime = by;
}

}  // namespace staffetta::gateway
