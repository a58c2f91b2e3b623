#include "delivery/byte_bucket.h"

#include <algorithm>

namespace staffetta::delivery {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

size_t SliceAt(int64_t rate) {
  constexpr int64_t kMillisPerSecond = 1000;
  const int64_t bytes = rate / kMillisPerSecond * ByteBucket::kSliceTime.count();
  return std::clamp(static_cast<size_t>(bytes), ByteBucket::kLeastSlice, ByteBucket::kLargestSlice);
}

}  // namespace

ByteBucket::ByteBucket(int64_t rate, Time now)
    : rate_(rate),
      slice_(SliceAt(rate)),
      burst_(kLateness + std::chrono::nanoseconds(slice_ * kNanosPerSecond / rate)),
      empty_at_(now - burst_),
      courtesy_(std::min<std::chrono::nanoseconds>(kSliceTime, burst_ - kLateness)) {}

ByteBucket::Ticket ByteBucket::Ask(int message_class, size_t bytes) {
  lines_[std::clamp(message_class, 1, 5) - 1].push_back({++last_, bytes});
  return last_;
}

void ByteBucket::Withdraw(Ticket ticket) {
  for (Line& line : lines_) {
    std::erase_if(line, [ticket](const Request& request) { return request.ticket == ticket; });
  }
}

std::vector<ByteBucket::Ticket> ByteBucket::Grant(Time now) {
  std::vector<Ticket> granted;
  if (empty_at_ < now - burst_) {
    empty_at_ = now - burst_;
    fraction_ = 0;
  }
  for (const Line* line = Highest(); line != nullptr; line = Highest()) {
    if (TurnOf(*line) > now) break;
    const Request request = line->front();
    const Time come_at = ComeAt(*line);
    fraction_ = (static_cast<int64_t>(request.bytes) * kNanosPerSecond + fraction_) % rate_;
    empty_at_ = come_at;
    lines_[PlaceOf(*line)].pop_front();
    granted.push_back(request.ticket);
    if (request.bytes == slice_) {
      courteous_to_ = PlaceOf(*line);
      courteous_until_ = now + courtesy_;
    }
  }
  return granted;
}

std::optional<ByteBucket::Turn> ByteBucket::Next() const {
  const Line* const line = Highest();
  if (line == nullptr) return std::nullopt;
  return Turn{line->front().ticket, TurnOf(*line)};
}

const ByteBucket::Line* ByteBucket::Highest() const {
  const auto found =
      std::find_if(lines_.begin(), lines_.end(), [](const Line& line) { return !line.empty(); });
  return found == lines_.end() ? nullptr : &*found;
}

ByteBucket::Time ByteBucket::ComeAt(const Line& line) const {
  const int64_t bytes = static_cast<int64_t>(line.front().bytes);
  return empty_at_ + std::chrono::nanoseconds((bytes * kNanosPerSecond + fraction_) / rate_);
}

ByteBucket::Time ByteBucket::TurnOf(const Line& line) const {
  const Time come_at = ComeAt(line);
  return PlaceOf(line) > courteous_to_ ? std::max(come_at, courteous_until_) : come_at;
}

}  // namespace staffetta::delivery
