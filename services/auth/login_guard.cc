#include "auth/login_guard.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/base/log.h"

namespace staffetta::auth {
namespace {

constexpr absl::Duration kFirstDelay = absl::Milliseconds(250);

}  // namespace

LoginGuard::Attempt LoginGuard::Begin(Login login, const std::string& client_address,
                                      const LoginStore::Past& past) const {
  Attempt attempt{.login = std::move(login),
                  .exempt = IsInAny(options_.exempt, client_address),
                  .usual = past.usual};
  if (attempt.exempt || attempt.usual > absl::ZeroDuration()) return attempt;
  const int from_source = FailuresIn(past.source_failures);
  const int of_user = FailuresIn(past.user_failures);
  attempt.refused =
      from_source >= options_.max_failures_per_source || of_user >= options_.max_failures_per_user;
  if (!attempt.refused) attempt.delay = DelayAfter(std::max(from_source, of_user));
  return attempt;
}

Co<void> LoginGuard::Failed(Attempt* attempt, uint64_t account_id) {
  if (attempt->exempt) co_return;
  const Login login = attempt->login;
  const LoginStore::Failure failure{
      .counts = options_.forget_failure,
      .most_source = options_.forget_failure * options_.max_failures_per_source,
      .most_user = options_.forget_failure * options_.max_failures_per_user};
  absl::Status status;
  if (attempt->usual > absl::ZeroDuration()) {
    const auto left = co_await store_.AddUsualFailure(login, failure);
    status = left.status();
    if (left.ok()) {
      const int failures = FailuresIn(*left);
      attempt->delay = DelayAfter(failures - 1);
      Tell(*attempt, account_id,
           absl::StrCat("user ", log::Escaped(login.user), " from ", login.source), failures);
    }
  } else {
    const auto left = co_await store_.AddFailure(login, failure);
    status = left.status();
    if (left.ok()) {
      Tell(*attempt, 0, login.source, FailuresIn(left->source_failures));
      Tell(*attempt, account_id, absl::StrCat("user ", log::Escaped(login.user)),
           FailuresIn(left->user_failures));
    }
  }
  if (!status.ok()) {
    log::Warn("auth: a failed login from {} is not counted: {}", login.source, status.ToString());
  }
}

Co<void> LoginGuard::Succeeded(Attempt* attempt) {
  // Not each time: a write for every login would cost more than the login.
  if (attempt->exempt || attempt->usual > options_.remember_usual / 2) co_return;
  const absl::Status status = co_await store_.SetUsual(attempt->login, options_.remember_usual);
  if (!status.ok()) {
    log::Warn("auth: that {} logs in from {} is not remembered: {}", attempt->login.user,
              attempt->login.source, status.ToString());
  }
}

int LoginGuard::FailuresIn(absl::Duration time_left) const {
  return static_cast<int>(absl::Ceil(time_left, options_.forget_failure) / options_.forget_failure);
}

absl::Duration LoginGuard::DelayAfter(int failures) const {
  const int beyond = failures - options_.free_failures;
  if (beyond < 0) return absl::ZeroDuration();
  constexpr int kMostDoublings = 20;
  return std::min(kFirstDelay * (1 << std::min(beyond, kMostDoublings)), options_.longest_delay);
}

// Once, when it begins; again when it has been quiet meanwhile.
void LoginGuard::Tell(const Attempt& attempt, uint64_t account_id, const std::string& who,
                      int failures) {
  if (failures != options_.free_failures) return;
  const std::string text =
      absl::StrCat("logins of ", who, " are slowed: ", failures, " have failed of late");
  log::Warn("auth: {}", text);
  if (account_id == 0) return;
  events::v1::Event event;
  event.set_type(events::v1::EVENT_TYPE_STATE_CHANGED);
  event.mutable_envelope()->set_account_id(account_id);
  event.mutable_envelope()->set_user(attempt.login.user);
  event.set_detail(text);
  events_.Publish(std::move(event));
}

}  // namespace staffetta::auth
