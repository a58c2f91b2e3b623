#include "policy/refusals.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "common/base/log.h"

namespace staffetta::policy {
namespace {

// Windows open at once. More is an attack with made-up addresses: the log says so, and each address
// is told of again when there is room.
constexpr size_t kCapacity = 10'000;

const char* Why(v1::SenderVerdict verdict) {
  switch (verdict) {
    case v1::SENDER_VERDICT_BANNED:
      return "is banned";
    case v1::SENDER_VERDICT_NOT_VERIFIED:
      return "is not verified";
    default:
      return "is not among the senders of the user";
  }
}

}  // namespace

Refusals::Refusals(Executor executor, rpc::EventPublisher* events, absl::Duration window)
    : events_(events), length_(window), group_(executor, "policy refusals") {}

void Refusals::Add(const v1::CheckSenderRequest& request, const v1::CheckSenderResponse& response) {
  events::v1::Event event;
  event.set_type(events::v1::EVENT_TYPE_SENDER_REFUSED);
  event.mutable_envelope()->set_account_id(request.account_id());
  event.mutable_envelope()->set_user(request.user());
  event.mutable_envelope()->set_client_address(request.client_address());
  event.mutable_envelope()->set_subject(request.subject());
  event.set_refused_address(response.offending_address());
  event.set_detail(absl::StrCat(response.offending_address(), " ", Why(response.verdict())));
  event.set_count(1);

  std::string key = absl::StrCat(request.user(), " ", response.offending_address());
  if (const auto found = windows_.find(key); found != windows_.end()) {
    found->second.latest = std::move(event);
    ++found->second.count;
    return;
  }
  if (windows_.size() >= kCapacity) {
    log::Warn("policy: too many refused senders to tell of each: user {}", request.user());
    return;
  }
  windows_.emplace(key, Window());
  events_->Publish(std::move(event));
  group_.Spawn(Close(std::move(key)));
}

Co<void> Refusals::Close(std::string key) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Timer end(group_.executor(), absl::ToChronoNanoseconds(length_));
  boost::system::error_code early;
  co_await end.async_wait(asio::redirect_error(use_co, early));
  const auto found = windows_.find(key);
  Window window = std::move(found->second);
  windows_.erase(found);
  if (window.count == 0) co_return;
  window.latest.set_count(window.count);
  events_->Publish(std::move(window.latest));
}

Co<void> Refusals::Drain() {
  group_.Cancel();
  return group_.Wait();
}

}  // namespace staffetta::policy
