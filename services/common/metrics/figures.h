#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <map>
#include <memory>
#include <string>

// Figures of this process for Prometheus (SPEC O5). Thread-safe; a figure lives as long as the
// process, and one that is made again, with the same name and labels, is the one before.
//
// A service has a struct of its figures, in a function-local static that its Server touches first.
// A label has few values that the program knows: never an account, user, address or destination.
namespace staffetta::metrics {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

// Those of this process.
const std::shared_ptr<prometheus::Registry>& Registry();

Counter& NewCounter(const char* name, const char* help, const Labels& labels = {});
Gauge& NewGauge(const char* name, const char* help, const Labels& labels = {});
// Of seconds, from 0.1 ms to days.
Histogram& NewSeconds(const char* name, const char* help, const Labels& labels = {});

// One for each priority class.
template <class Figure>
class ByClass {
 public:
  ByClass(Figure& (*make)(const char*, const char*, const Labels&), const char* name,
          const char* help) {
    for (size_t i = 0; i < figures_.size(); ++i) {
      figures_[i] = &make(name, help, {{"class", std::to_string(i + 1)}});
    }
  }
  // Another class than 1…5 counts as the nearest.
  Figure& operator[](int message_class) const {
    return *figures_[message_class < 1 ? 0 : message_class > 5 ? 4 : message_class - 1];
  }

 private:
  std::array<Figure*, 5> figures_{};
};

}  // namespace staffetta::metrics
