#include "delivery/figures.h"

#include <absl/time/clock.h>

#include <algorithm>

namespace staffetta::delivery {
namespace {

using metrics::NewCounter;
using metrics::NewGauge;
using metrics::NewSeconds;

metrics::Counter& NewOutcome(const char* outcome) {
  return NewCounter("staffetta_delivery_attempts_total",
                    "Attempts at recipients, by what came of them.", {{"outcome", outcome}});
}

metrics::Counter& NewOpening(const char* result) {
  return NewCounter("staffetta_delivery_connections_total",
                    "Connections to hosts that were tried, by result.", {{"result", result}});
}

}  // namespace

Figures::Figures()
    : connected(NewOpening("open")),
      not_connected(NewOpening("failed")),
      delivered(NewOutcome("delivered")),
      deferred(NewOutcome("deferred")),
      failed(NewOutcome("failed")),
      unknown(NewOutcome("unknown")),
      to_delivery(NewSeconds, "staffetta_delivery_seconds",
                  "From acceptance until a recipient is delivered, a scheduled time included."),
      in_hands(NewSeconds, "staffetta_delivery_lease_seconds",
               "From a delivery's lease until the queue has taken the report on it."),
      to_end(NewSeconds, "staffetta_delivery_completed_seconds",
             "From acceptance until the queue has taken the report that ends a delivery, delivered "
             "or failed, a scheduled time included."),
      attempt(NewSeconds("staffetta_delivery_attempt_seconds",
                         "From the begin of work on a delivery to its outcome.")),
      egress_bytes(NewCounter, "staffetta_delivery_egress_bytes_total",
                   "Bytes of content written to servers, encoded, before TLS."),
      waiting_for_bandwidth(NewGauge, "staffetta_delivery_waiting_for_bandwidth",
                            "Transfers under way that wait for bytes of delivery.egress_rate.") {}

void Figures::CountReport(const Delivery& delivery) const {
  const auto held = std::chrono::steady_clock::now() - delivery.lease.begin;
  in_hands[delivery.priority].Observe(std::chrono::duration<double>(held).count());
  const bool goes_on =
      delivery.outcomes.empty() ||
      std::any_of(delivery.outcomes.begin(), delivery.outcomes.end(), [](const Outcome& outcome) {
        return outcome.kind != Kind::kDelivered && outcome.kind != Kind::kFailed;
      });
  if (goes_on) return;
  to_end[delivery.priority].Observe(absl::ToDoubleSeconds(absl::Now() - delivery.accept_time));
}

void Figures::Count(const Delivery& delivery) const {
  if (delivery.outcomes.empty()) return;
  const absl::Time now = absl::Now();
  attempt.Observe(absl::ToDoubleSeconds(now - delivery.start_time));
  for (const Outcome& outcome : delivery.outcomes) {
    switch (outcome.kind) {
      case Kind::kDelivered:
        delivered.Increment();
        to_delivery[delivery.priority].Observe(absl::ToDoubleSeconds(now - delivery.accept_time));
        break;
      case Kind::kDeferred:
        deferred.Increment();
        break;
      case Kind::kFailed:
        failed.Increment();
        break;
      case Kind::kUnknown:
        unknown.Increment();
        break;
      case Kind::kNextHost:
      case Kind::kReconnect:
      case Kind::kNextTransaction:
      case Kind::kWithoutTls:
      case Kind::kHandBack:
        break;  // undecided; no outcome has these
    }
  }
}

const Figures& TheFigures() {
  static const Figures figures;
  return figures;
}

}  // namespace staffetta::delivery
