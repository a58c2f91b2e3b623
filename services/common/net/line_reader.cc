#include "common/net/line_reader.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"

namespace staffetta::net {
namespace {

constexpr size_t kIdleCapacity = 4 * 1024;
constexpr size_t kBusyCapacity = 16 * 1024;
constexpr size_t kLineEnding = 2;
constexpr size_t kSkipRoom = 4 * 1024;  // what is dropped is read by no smaller pieces

const char* FindLineFeed(const char* begin, const char* end) {
  if (begin == end) return nullptr;
  return static_cast<const char*>(std::memchr(begin, '\n', end - begin));
}

}  // namespace

LineReader::LineReader(Stream* stream, size_t max_line)
    : stream_(stream),
      max_line_(max_line),
      max_capacity_(std::max(kBusyCapacity, max_line + kSkipRoom)),
      capacity_(kIdleCapacity),
      buffer_(new char[kIdleCapacity]) {}

Co<absl::StatusOr<LineReader::Line>> LineReader::ReadLine() {
  size_t searched = 0;
  for (;;) {
    const char* const data = buffer_.get();
    const char* const found = FindLineFeed(data + begin_ + searched, data + end_);
    if (found != nullptr) co_return TakeLine(found);
    searched = end_ - begin_;
    if (searched >= max_line_ + kLineEnding) {
      absl::StatusOr<Line> line = co_await SkipLongLine();
      co_return line;
    }
    const absl::Status filled = co_await Fill();
    if (!filled.ok()) co_return filled;
  }
}

// `line_feed` ends the line that starts the buffer.
LineReader::Line LineReader::TakeLine(const char* line_feed) {
  const char* const text = buffer_.get() + begin_;
  size_t size = line_feed - text;
  begin_ += size + 1;
  Line line;
  line.bare_lf = size == 0 || text[size - 1] != '\r';
  if (!line.bare_lf) --size;
  line.too_long = size > max_line_;
  line.text = std::string_view(text, std::min(size, max_line_));
  return line;
}

// Keeps the first max_line_ bytes and reads over the rest behind them, again and again.
Co<absl::StatusOr<LineReader::Line>> LineReader::SkipLongLine() {
  if (capacity_ < max_line_ + kSkipRoom) Enlarge(max_capacity_);
  for (;;) {
    const bool after_cr = buffer_[end_ - 1] == '\r';
    end_ = begin_ + max_line_;
    const absl::Status filled = co_await Fill();
    if (!filled.ok()) co_return filled;
    const char* const text = buffer_.get() + begin_;
    const char* const rest = text + max_line_;
    const char* const found = FindLineFeed(rest, buffer_.get() + end_);
    if (found == nullptr) continue;
    Line line;
    line.text = std::string_view(text, max_line_);
    line.too_long = true;
    line.bare_lf = found == rest ? !after_cr : found[-1] != '\r';
    begin_ += found - text + 1;
    co_return line;
  }
}

bool LineReader::HasLine() const {
  return FindLineFeed(buffer_.get() + begin_, buffer_.get() + end_) != nullptr;
}

void LineReader::Consume(size_t bytes) {
  CHECK(bytes <= end_ - begin_);
  begin_ += bytes;
}

Co<absl::Status> LineReader::Fill() {
  if (!MakeRoom()) co_return absl::ResourceExhaustedError("the buffer is full");
  const absl::StatusOr<size_t> got =
      co_await stream_->ReadSome(buffer_.get() + end_, capacity_ - end_);
  if (!got.ok()) co_return got.status();
  end_ += *got;
  co_return absl::OkStatus();
}

void LineReader::Drop() { begin_ = end_ = 0; }

bool LineReader::MakeRoom() {
  const size_t size = end_ - begin_;
  // A read that filled the buffer to its end asks for a larger one.
  if (end_ == capacity_ && capacity_ < max_capacity_) {
    Enlarge(std::min(capacity_ * 2, max_capacity_));
    return true;
  }
  if (begin_ > 0 && (size == 0 || capacity_ - end_ < capacity_ / 2)) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, size);
    begin_ = 0;
    end_ = size;
  }
  return end_ < capacity_;
}

void LineReader::Enlarge(size_t capacity) {
  const size_t size = end_ - begin_;
  std::unique_ptr<char[]> larger(new char[capacity]);
  std::memcpy(larger.get(), buffer_.get() + begin_, size);
  buffer_ = std::move(larger);
  capacity_ = capacity;
  begin_ = 0;
  end_ = size;
}

}  // namespace staffetta::net
