#include "policy/rights_cache.h"

#include <absl/strings/numbers.h>

#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"

namespace staffetta::policy {
namespace {

constexpr absl::Duration kLongest = absl::Seconds(30);
constexpr size_t kCapacity = 10'000;  // accounts

}  // namespace

void RightsCache::Listen(Executor executor, redis::Deployment deployment) {
  redis::Subscriber::Callbacks callbacks;
  callbacks.on_message = [this](std::string_view, std::string_view account) {
    uint64_t account_id = 0;
    if (absl::SimpleAtoi(ToAbsl(account), &account_id)) Drop(account_id);
  };
  callbacks.on_gap = [this] { DropAll(true); };
  callbacks.on_failure = [this](const absl::Status& status) {
    if (live_) {
      log::Warn("policy: changes of senders do not arrive, each check reads Redis: {}",
                std::string(status.message()));
    }
    DropAll(false);
  };
  subscriber_ = std::make_unique<redis::Subscriber>(
      executor,
      redis::Subscriber::Options{.endpoint = std::move(deployment),
                                 .channels = {PolicyStore::kChanges}},
      std::move(callbacks));
}

void RightsCache::Close() {
  if (subscriber_ != nullptr) subscriber_->Close();
}

Co<absl::StatusOr<std::shared_ptr<const Rights>>> RightsCache::Get(uint64_t account_id) {
  const auto found = entries_.find(account_id);
  if (found != entries_.end() && clock_->Now() < found->second.until) {
    co_return found->second.rights;
  }
  const uint64_t generation = generation_;
  absl::StatusOr<Rights> loaded = co_await store_->Load(account_id);
  if (!loaded.ok()) co_return loaded.status();
  auto rights = std::make_shared<const Rights>(*std::move(loaded));
  // A change heard of while it was read may not be in it.
  if (live_ && generation == generation_) {
    if (entries_.size() >= kCapacity) entries_.clear();
    entries_[account_id] = {rights, clock_->Now() + kLongest};
  }
  co_return rights;
}

void RightsCache::Drop(uint64_t account_id) {
  ++generation_;
  entries_.erase(account_id);
}

void RightsCache::DropAll(bool live) {
  live_ = live;
  ++generation_;
  entries_.clear();
}

}  // namespace staffetta::policy
