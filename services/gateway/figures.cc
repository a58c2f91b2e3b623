#include "gateway/figures.h"

namespace staffetta::gateway {
namespace {

using metrics::NewCounter;
using metrics::NewGauge;

metrics::Counter& NewReply(const std::string& code) {
  return NewCounter("staffetta_gateway_replies_total", "Replies to clients' commands, by code.",
                    {{"code", code}});
}

}  // namespace

Figures::Figures()
    : sessions(NewCounter("staffetta_gateway_sessions_total", "Sessions that began.")),
      sessions_open(NewGauge("staffetta_gateway_sessions", "Sessions that are open.")),
      accepted(NewCounter, "staffetta_gateway_accepted_total", "Messages answered 250."),
      other_replies_(NewReply("other")) {
  for (const int code :
       {214, 220, 221, 235, 250, 252, 334, 354, 421, 432, 450, 451, 452, 454, 500, 501,
        502, 503, 504, 521, 523, 525, 530, 534, 535, 538, 550, 552, 553, 554, 555}) {
    replies_[code] = &NewReply(std::to_string(code));
  }
}

void Figures::CountReply(int code) const {
  metrics::Counter* const known =
      code >= 0 && code < static_cast<int>(replies_.size()) ? replies_[code] : nullptr;
  (known != nullptr ? *known : other_replies_).Increment();
}

void Figures::CountRefused(const smtp::Reply& reply) const {
  NewCounter("staffetta_gateway_refused_total",
             "Senders, recipients and messages that were refused, by enhanced status code.",
             {{"status", reply.enhanced.ToString()}})
      .Increment();
}

const Figures& TheFigures() {
  static const Figures figures;
  return figures;
}

}  // namespace staffetta::gateway
