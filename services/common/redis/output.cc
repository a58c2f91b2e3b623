#include "common/redis/output.h"

namespace staffetta::redis {
namespace {

constexpr size_t kLarge = 16 * 1024;
constexpr size_t kKept = 1024 * 1024;

}  // namespace

void Output::Add(Command& command) {
  command.AppendHeader(small_);
  if (command.body().size() < kLarge) {
    small_ += command.body();
    command.TakeBody();
  } else {
    large_.emplace_back(small_.size(), command.TakeBody());
  }
}

std::vector<boost::asio::const_buffer> Output::Buffers() const {
  std::vector<boost::asio::const_buffer> buffers;
  buffers.reserve(2 * large_.size() + 1);
  size_t start = 0;
  for (const auto& [end, body] : large_) {
    buffers.emplace_back(small_.data() + start, end - start);
    buffers.emplace_back(body.data(), body.size());
    start = end;
  }
  if (start < small_.size()) buffers.emplace_back(small_.data() + start, small_.size() - start);
  return buffers;
}

void Output::Clear() {
  small_.clear();
  if (small_.capacity() > kKept) small_.shrink_to_fit();
  large_.clear();
}

}  // namespace staffetta::redis
