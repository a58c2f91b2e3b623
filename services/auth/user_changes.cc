#include "auth/user_changes.h"

#include <absl/time/clock.h>

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "auth/auth_store.h"
#include "common/base/log.h"

namespace staffetta::auth {

UserChanges::Watcher::Watcher(UserChanges* changes)
    : changes_(changes),
      place_(changes->watchers_.insert(changes->watchers_.end(), this)),
      broken_(!changes->live_),
      wake_(changes->executor_, Timer::time_point::max()) {}

UserChanges::Watcher::~Watcher() { changes_->watchers_.erase(place_); }

Co<absl::StatusOr<std::vector<std::string>>> UserChanges::Watcher::Next() {
  while (names_.empty() && !broken_) {
    boost::system::error_code woken;
    co_await wake_.async_wait(asio::redirect_error(use_co, woken));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return absl::CancelledError();
  }
  if (broken_) co_return absl::UnavailableError("changes of users may have been missed");
  std::vector<std::string> names(names_.begin(), names_.end());
  names_.clear();
  co_return names;
}

UserChanges::UserChanges(Executor executor, redis::Deployment deployment,
                         std::function<void()> on_change)
    : executor_(executor),
      on_change_(std::move(on_change)),
      became_live_(executor, Timer::time_point::max()) {
  redis::Subscriber::Callbacks callbacks;
  callbacks.on_message = [this](std::string_view, std::string_view name) {
    on_change_();
    for (Watcher* watcher : watchers_) {
      watcher->names_.emplace(name);
      watcher->wake_.cancel();
    }
  };
  callbacks.on_gap = [this] { Break(true); };
  callbacks.on_failure = [this](const absl::Status& status) {
    if (live_) log::Warn("auth: changes of users do not arrive: {}", std::string(status.message()));
    Break(false);
  };
  subscriber_ = std::make_unique<redis::Subscriber>(
      executor,
      redis::Subscriber::Options{.endpoint = std::move(deployment),
                                 .channels = {AuthStore::kChanges}},
      std::move(callbacks));
}

Co<absl::Status> UserChanges::AwaitLive(absl::Duration patience) {
  if (!live_) {
    became_live_.expires_after(absl::ToChronoNanoseconds(patience));
    boost::system::error_code woken;
    co_await became_live_.async_wait(asio::redirect_error(use_co, woken));
  }
  if (!live_) co_return absl::UnavailableError("Redis takes no subscription");
  co_return absl::OkStatus();
}

void UserChanges::Break(bool live) {
  live_ = live;
  on_change_();
  for (Watcher* watcher : watchers_) {
    watcher->broken_ = true;
    watcher->wake_.cancel();
  }
  if (live) became_live_.cancel();
}

}  // namespace staffetta::auth
