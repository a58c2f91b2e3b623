#include "policy/recheck.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "policy/ownership.h"
#include "policy/timestamp.h"

namespace staffetta::policy {
namespace {

constexpr int kMisses = 3;                             // SPEC V2
constexpr absl::Duration kClaim = absl::Minutes(10);   // longer than a batch of look-ups takes
constexpr absl::Duration kRetry = absl::Minutes(15);   // after one that the DNS did not answer
constexpr absl::Duration kBackOff = absl::Seconds(5);  // while Redis does not answer
constexpr absl::Duration kShortest = absl::Milliseconds(10);
constexpr int kBatch = 16;

}  // namespace

Recheck::Recheck(Executor executor, PolicyStore* store, RightsCache* cache, net::Resolver* resolver,
                 DependentUsers* users, rpc::EventPublisher* events, Options options)
    : store_(store),
      cache_(cache),
      resolver_(resolver),
      users_(users),
      events_(events),
      options_(options),
      pause_(executor) {}

Co<void> Recheck::Run() {
  while (!stopping_) {
    const absl::StatusOr<PolicyStore::DueList> list = co_await store_->TakeDue(kClaim, kBatch);
    if (!list.ok()) {
      co_await Pause(kBackOff);
      continue;
    }
    for (const PolicyStore::Due& due : list->due) {
      if (!stopping_) co_await LookAt(due);
    }
    if (list->due.empty()) co_await Pause(std::max(list->next, kShortest));
  }
}

void Recheck::Stop() {
  stopping_ = true;
  pause_.cancel();
}

Co<void> Recheck::LookAt(PolicyStore::Due due) {
  absl::StatusOr<Rights> rights = co_await store_->Load(due.account_id);
  if (!rights.ok()) co_return;  // due again after the claim
  const auto found = rights->senders.find(due.domain);
  if (found == rights->senders.end()) co_return;
  const v1::Sender sender = found->second;

  const absl::StatusOr<Proof> proof = co_await LookUp(resolver_, sender);
  absl::Duration next = options_.every;
  PolicyStore::Look look = PolicyStore::Look::kFound;
  if (!proof.ok()) {
    look = PolicyStore::Look::kUnknown;
    next = std::min(options_.every, kRetry);
  } else if (!proof->found) {
    look = PolicyStore::Look::kMissed;
  }
  const absl::StatusOr<int64_t> misses = co_await store_->Postpone(due, next, look);
  if (!misses.ok() || look != PolicyStore::Look::kMissed) co_return;
  log::Warn("policy: the proof of {} of account {} is gone, look {}: {}", due.domain,
            due.account_id, *misses, proof->detail);
  if (*misses < kMisses) co_return;
  const absl::Status expired = co_await Expire(*std::move(rights), sender, proof->detail);
  if (!expired.ok()) {
    log::Warn("policy: {} of account {} could not be expired: {}", due.domain, due.account_id,
              std::string(expired.message()));
  }
}

Co<absl::Status> Recheck::Expire(Rights rights, v1::Sender sender, std::string detail) {
  const std::string reason =
      absl::StrCat("its last verified sender, ", sender.name(), ", has expired");
  absl::Status status = co_await users_->Stop(rights, sender.name(), reason);
  if (!status.ok()) co_return status;
  v1::Sender expired = sender;
  expired.set_state(v1::SENDER_STATE_EXPIRED);
  expired.set_detail(absl::StrCat(kMisses, " looks in a row: ", detail));
  *expired.mutable_update_time() = Timestamp(options_.clock->Now());
  const absl::StatusOr<bool> replaced = co_await store_->Replace(sender, expired, std::nullopt);
  cache_->Drop(sender.account_id());
  if (!replaced.ok()) co_return replaced.status();
  if (!*replaced) co_return absl::AbortedError("it was changed at the same moment");
  PublishState(events_, expired, absl::StrCat("has expired: ", expired.detail()));
  // Whoever was activated between the two steps.
  status = co_await users_->Stop(std::move(rights), sender.name(), reason);
  co_return status;
}

Co<void> Recheck::Pause(absl::Duration length) {
  if (stopping_) co_return;
  pause_.expires_after(absl::ToChronoNanoseconds(length));
  boost::system::error_code woken;
  co_await pause_.async_wait(asio::redirect_error(use_co, woken));
}

}  // namespace staffetta::policy
