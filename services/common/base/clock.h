#pragma once

#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <atomic>
#include <cstdint>

namespace staffetta {

// What time it is, for everything that decides by it; tests move it. Due times and leases follow
// Redis's clock instead. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;

  // The machine's; lives as long as the process.
  static const Clock& Real();
};

// Stands still until it is moved.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'700'000'000))
      : unix_nanos_(absl::ToUnixNanos(now)) {}

  absl::Time Now() const override { return absl::FromUnixNanos(unix_nanos_); }
  void Advance(absl::Duration by) { unix_nanos_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> unix_nanos_;
};

inline const Clock& Clock::Real() {
  class RealClock final : public Clock {
   public:
    absl::Time Now() const override { return absl::Now(); }
  };
  static const RealClock real;
  return real;
}

}  // namespace staffetta
