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
  metrics::Histogram& attempt;

  void CountOpening(bool succeeded) const { (succeeded ? connected : not_connected).Increment(); }
  // What came of a delivery's recipients.
  void Count(const Delivery& delivery) const;
};

const Figures& TheFigures();

}  // namespace staffetta::delivery
