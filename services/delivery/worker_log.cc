#include "delivery/worker_log.h"

#include <absl/time/clock.h>

#include "common/base/mail_log.h"

namespace staffetta::delivery {

void LogAttempts(const Delivery& delivery) {
  for (size_t i = 0; i < delivery.outcomes.size(); ++i) {
    const Outcome& outcome = delivery.outcomes[i];
    const std::string enhanced = outcome.reply.enhanced.ToString();
    log::LogAttempt({.id = delivery.message_id,
                     .delivery = delivery.id,
                     .destination = delivery.destination,
                     .host = outcome.host,
                     .recipient = delivery.recipients[i],
                     .outcome = KindName(outcome.kind),
                     .code = outcome.reply.code,
                     .enhanced = enhanced,
                     .text = outcome.reply.text,
                     .attempt = delivery.attempts + 1,
                     .took = absl::Now() - delivery.start_time});
  }
}

void LogBounces(const Delivery& delivery, const NewsList& news, const std::string& report_id) {
  for (size_t i = 0; i < news.size(); ++i) {
    if (news[i] != News::kFailed) continue;
    log::LogBounced({.id = delivery.message_id,
                     .bounce_id = report_id,
                     .sender = delivery.sender,
                     .recipient = delivery.recipients[i],
                     .text = delivery.outcomes[i].reply.text});
  }
}

void LogLost(const Delivery& delivery) {
  log::LogLeaseLost({.id = delivery.message_id, .delivery = delivery.id});
}

}  // namespace staffetta::delivery
