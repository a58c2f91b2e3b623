#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <string>

#include "auth/verifier.h"
#include "common/base/co.h"

namespace staffetta::auth {

// Derives keys on threads of its own: milliseconds of arithmetic that must not hold up the
// service's thread. At most kLongestQueue wait; beyond that UNAVAILABLE, so that a flood of guesses
// is answered at once. Callers resume on their own executor.
class DerivationPool {
 public:
  static constexpr int kLongestQueue = 512;

  explicit DerivationPool(int threads);
  ~DerivationPool();  // ends what is under way first

  Co<absl::StatusOr<bool>> Matches(Verifier verifier, std::string password);
  Co<absl::StatusOr<Verifier>> Make(std::string password, std::string salt);

 private:
  template <class Result, class Derive>
  Co<Result> Run(Derive derive);

  asio::thread_pool pool_;
  std::atomic<int> queued_{0};
};

}  // namespace staffetta::auth
