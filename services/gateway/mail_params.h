#pragma once

// The parameters of MAIL and RCPT, each read and in its limits. Pure.

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>

#include "common/smtp/command.h"
#include "common/smtp/params.h"
#include "common/smtp/parsed.h"
#include "common/smtp/reply.h"
#include "gateway/backends.h"
#include "gateway/settings.h"

namespace staffetta::gateway {

// What MAIL's parameters say.
struct MailParams {
  uint64_t size = 0;  // announced; 0: nothing was
  smtp::Body body = smtp::Body::k7Bit;
  bool utf8 = false;
  Demands demands;  // but for the notices and the time of BY
  std::optional<smtp::DeliverBy> by;
  std::optional<absl::Time> hold_until;  // HOLDFOR or HOLDUNTIL; may be past
};

// What RCPT's parameters say.
struct RcptParams {
  std::optional<smtp::Notify> notify;
  std::string original_recipient;  // as Notices have it
};

// What decides whether a parameter is taken.
struct ParamRules {
  const Settings& settings;
  bool extended = true;  // the client has said EHLO; without, every parameter is unknown
  bool tls = false;
  absl::Time now;
};

// The parameters, or the reply that refuses them.
smtp::Parsed<MailParams, smtp::Reply> ReadMailParams(const smtp::Params& params,
                                                     const ParamRules& rules);
smtp::Parsed<RcptParams, smtp::Reply> ReadRcptParams(const smtp::Params& params,
                                                     const ParamRules& rules);

// The same recipient is given again and gets one copy: whatever was asked for either time is told
// (RFC 3461 §4.1), under the original recipient that was given first.
void Merge(RcptParams again, RcptParams* first);

// When the message, which may have a schedule of its own, is released, late and over: the later of
// schedule and hold, and BY counts from then on. `lifetime`: of all messages.
void SetTimes(const MailParams& params, absl::Time now, absl::Duration lifetime, Message* message);

}  // namespace staffetta::gateway
