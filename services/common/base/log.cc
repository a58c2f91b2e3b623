#include "common/base/log.h"

#include <absl/strings/escaping.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>

namespace staffetta::log {
namespace {

constexpr size_t kCollected = 64 << 10;

// spdlog's own sink calls write() for each line: at thousands of lines a second that is more than
// the rest of logging.
class CollectingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  CollectingSink() { collected_.reserve(2 * kCollected); }
  ~CollectingSink() override { flush_(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    collected_.append(line.data(), line.size());
    if (collected_.size() >= kCollected) flush_();
  }

  void flush_() override {
    std::string_view rest = collected_;
    while (!rest.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (written < 0 && errno != EINTR) break;  // nowhere is left to say so
      if (written > 0) rest.remove_prefix(written);
    }
    collected_.clear();
  }

  std::string collected_;
};

}  // namespace

void Init() {
  auto logger = std::make_shared<spdlog::logger>("", std::make_shared<CollectingSink>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::get_level());
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  spdlog::flush_every(std::chrono::seconds(1));
}

void Flush() { spdlog::default_logger_raw()->flush(); }

bool IsLevel(std::string_view level) {
  constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error"};
  return std::find(std::begin(kLevels), std::end(kLevels), level) != std::end(kLevels);
}

bool SetLevel(std::string_view level) {
  if (!IsLevel(level)) return false;
  spdlog::set_level(spdlog::level::from_str(std::string(level)));
  return true;
}

std::string Escaped(std::string_view text) {
  constexpr size_t kLongest = 500;
  return absl::Utf8SafeCEscape(std::string(text.substr(0, kLongest)));
}

}  // namespace staffetta::log
