#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include <mutex>
#include <optional>
#include <string>

namespace staffetta::gateway {

// What another service answered, for a short time, by what was asked. Bounded; a mutex guards it.
// Thread-safe.
template <class Answer>
class AnswerCache {
 public:
  explicit AnswerCache(absl::Duration remember) : remember_(remember) {}

  std::optional<Answer> Find(const std::string& question, absl::Time now) const {
    const std::lock_guard lock(mutex_);
    const auto it = answers_.find(question);
    if (it == answers_.end() || it->second.until <= now) return std::nullopt;
    return it->second.answer;
  }

  void Put(const std::string& question, Answer answer, absl::Time now) {
    const std::lock_guard lock(mutex_);
    if (answers_.size() >= kMostAnswers) answers_.clear();
    answers_[question] = {std::move(answer), now + remember_};
  }

  void Clear() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
  }

 private:
  static constexpr size_t kMostAnswers = 10'000;

  struct Entry {
    Answer answer;
    absl::Time until;
  };

  const absl::Duration remember_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, Entry> answers_;
};

}  // namespace staffetta::gateway
