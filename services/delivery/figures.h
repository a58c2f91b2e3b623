#pragma once

#include "common/metrics/figures.h"
#include "delivery/delivery.h"

namespace staffetta::delivery {

// What the way out tells Prometheus. Thread-safe.
struct Figures {
  Figures();

  metrics::Counter& connected;
  metrics::Counter& not_connected;
  metrics::Counter& delivered;
  metrics::Counter& deferred;
  metrics::Counter& failed;
  metrics::Counter& unknown;
  metrics::ByClass<metrics::Histogram> to_delivery;  // from acceptance
  metrics::ByClass<metrics::Histogram> in_hands;     // from lease to the report
  metrics::ByClass<metrics::Histogram> to_end;       // from acceptance to the report that ends it
  metrics::Histogram& attempt;
  metrics::ByClass<metrics::Counter> egress_bytes;
  metrics::ByClass<metrics::Gauge> waiting_for_bandwidth;  // transfers

  void CountOpening(bool succeeded) const { (succeeded ? connected : not_connected).Increment(); }
  // The queue has taken the report on it.
  void CountReport(const Delivery& delivery) const;
  // What came of a delivery's recipients.
  void Count(const Delivery& delivery) const;
};

const Figures& TheFigures();

}  // namespace staffetta::delivery
