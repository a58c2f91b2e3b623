#pragma once

#include "common/metrics/figures.h"
#include "queue/admin_store.h"
#include "queue/records.h"

namespace staffetta::queue {

// What the queue tells Prometheus. What was done is what this process did; how much waits is read
// from Redis every few seconds and is the same in each replica.
struct Figures {
  using Counter = metrics::Counter;
  using Gauge = metrics::Gauge;
  using Histogram = metrics::Histogram;

  Figures();

  metrics::ByClass<Counter> accepted;
  metrics::ByClass<Counter> handed_out;
  metrics::ByClass<Histogram> wait;  // from acceptance to the first lease
  Counter& done;
  Counter& retried;
  Counter& handed_back;
  Counter& set_aside;
  Counter& leases_lost;

  metrics::ByClass<Gauge> ready;
  metrics::ByClass<Gauge> oldest;
  Gauge& messages;
  Gauge& due;
  Gauge& leased;
  Gauge& paused;
  Gauge& aside;
  Gauge& expired;
  Gauge& worker_silence;
  Gauge& gone;
  std::array<Gauge*, AdminStore::kScopeKinds.size()> holds;  // by kind of scope
  std::array<Gauge*, 3> closed_gates;                        // likewise

  // Of all partitions together.
  void Show(const AdminStore::Stats& stats) const;
  Counter& Ended(Fate fate) const;
};

const Figures& TheFigures();

}  // namespace staffetta::queue
