#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace staffetta::delivery {

// A token bucket with priorities: bytes come at a steady rate, and as long as a higher class waits
// for some, a lower one gets none (SPEC P3, D12); inside a class it is first come, first served.
// Bytes that nobody wanted are kept for burst(), and no longer.
//
// Pure: it is told what time it is, by a clock that never goes back.
class ByteBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Ticket = uint64_t;

  static constexpr int64_t kLeastRate = 1024;
  // What a slice takes at the rate, where its bounds allow it: so long does a write of a lower
  // class, just begun, hold up an urgent one.
  static constexpr std::chrono::milliseconds kSliceTime{5};
  static constexpr size_t kLeastSlice = 1 << 10;
  static constexpr size_t kLargestSlice = 64 << 10;
  // So late may those come back who were told when their turn is: no bytes are lost by that.
  static constexpr std::chrono::milliseconds kLateness{50};

  // `rate` is in bytes per second, kLeastRate at least. It begins full.
  ByteBucket(int64_t rate, Time now);

  // The most that is asked for at once.
  size_t slice() const { return slice_; }
  // The time in which an empty one becomes full: that of a slice, and kLateness.
  std::chrono::nanoseconds burst() const { return burst_; }

  // Stands in line for at most slice() bytes. Classes are 1…5; another one counts as the nearest.
  Ticket Ask(int message_class, size_t bytes);
  // Leaves the line; one that is not in it (any more) is ignored.
  void Withdraw(Ticket ticket);
  // Those whose bytes have come, in order. They are out of the line, their bytes are spent.
  std::vector<Ticket> Grant(Time now);

  // Who is granted next unless a higher class comes, and when; nullopt: nobody waits.
  struct Turn {
    Ticket ticket;
    Time at;
  };
  std::optional<Turn> Next() const;

 private:
  struct Request {
    Ticket ticket;
    size_t bytes;
  };
  using Line = std::deque<Request>;

  // The highest that is not empty; null: all are.
  const Line* Highest() const;
  // When the bytes for the first in line have come, and when they may be given.
  Time ComeAt(const Line& line) const;
  Time TurnOf(const Line& line) const;
  size_t PlaceOf(const Line& line) const { return &line - lines_.data(); }

  const int64_t rate_;
  const size_t slice_;
  const std::chrono::nanoseconds burst_;
  std::array<Line, 5> lines_;  // by class
  // What has come since then is in the bucket: `rate_` times the time since, but for the fraction
  // of a nanosecond, in units of 1 / rate_, by which that is later.
  Time empty_at_;
  int64_t fraction_ = 0;
  // Who was given a whole slice has more to write, and asks again when it is written: until then
  // the lines behind his must not have what has gathered. It is the time of a slice, so that they
  // wait for as long as the higher class takes, and kSliceTime at most.
  const std::chrono::nanoseconds courtesy_;
  size_t courteous_to_ = 0;
  Time courteous_until_;
  Ticket last_ = 0;
};

}  // namespace staffetta::delivery
