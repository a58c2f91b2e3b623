#include "common/metrics/figures.h"

namespace staffetta::metrics {

const std::shared_ptr<prometheus::Registry>& Registry() {
  static const auto registry = std::make_shared<prometheus::Registry>();
  return registry;
}

Counter& NewCounter(const char* name, const char* help, const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*Registry()).Add(labels);
}

Gauge& NewGauge(const char* name, const char* help, const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*Registry()).Add(labels);
}

Histogram& NewSeconds(const char* name, const char* help, const Labels& labels) {
  return prometheus::BuildHistogram()
      .Name(name)
      .Help(help)
      .Register(*Registry())
      .Add(labels, Histogram::BucketBoundaries{0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3,
                                               1, 3, 10, 30, 60, 300, 1800, 7200, 86400, 432000});
}

}  // namespace staffetta::metrics
