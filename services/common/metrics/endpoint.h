#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

namespace prometheus {
class Exposer;
}

namespace staffetta::metrics {

// Answers GET /metrics over HTTP with the figures of this process, from two threads of its own, to
// two callers at a time; whoever has not said what he wants within five seconds is closed.
class Endpoint {
 public:
  // `listen` is "address:port"; port 0: any free one. INVALID_ARGUMENT: no address and port;
  // UNAVAILABLE: nobody may listen there now.
  static absl::StatusOr<std::unique_ptr<Endpoint>> Start(const std::string& listen);
  // Whoever is being answered still is.
  ~Endpoint();

  // Where it listens.
  const std::string& address() const { return address_; }

 private:
  Endpoint(std::unique_ptr<prometheus::Exposer> exposer, std::string address);

  std::unique_ptr<prometheus::Exposer> exposer_;
  const std::string address_;
};

}  // namespace staffetta::metrics
