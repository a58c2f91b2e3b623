#include "delivery/notices.h"

#include <algorithm>

namespace staffetta::delivery {
namespace {

smtp::Notify NotifyOf(const Delivery& delivery, size_t recipient) {
  const std::vector<Notices>& notices = delivery.demands.notices;
  return notices.empty() ? smtp::Notify{} : notices[recipient].notify;
}

bool IsGiven(const smtp::Notify& notify) { return notify != smtp::Notify{}; }

bool HasDeadline(const Demands& demands) { return demands.deliver_by != absl::InfiniteFuture(); }

// Whether `limit` has passed since the last attempt. One that had passed when the message came
// (BY=-30;N) was told by who let it pass (RFC 2852 §4).
bool HasJustPassed(const Delivery& delivery, absl::Time limit, absl::Time now) {
  return std::max(delivery.last_attempt_time, delivery.accept_time) < limit && limit <= now;
}

bool TellsOfDelay(const Delivery& delivery, const smtp::Notify& notify, const DelayRule& rule,
                  absl::Time now) {
  if (notify.never) return false;
  const Demands& demands = delivery.demands;
  if (HasDeadline(demands) && !demands.return_late &&
      HasJustPassed(delivery, demands.deliver_by, now)) {
    return true;
  }
  const bool wanted = IsGiven(notify) ? notify.delay : rule.unasked;
  return wanted && rule.after > absl::ZeroDuration() &&
         HasJustPassed(delivery, delivery.accept_time + rule.after, now);
}

}  // namespace

News NewsOf(const Delivery& delivery, size_t recipient, const DelayRule& rule, absl::Time now) {
  if (delivery.sender.empty()) return News::kNone;
  const Outcome& outcome = delivery.outcomes[recipient];
  const smtp::Notify notify = NotifyOf(delivery, recipient);
  switch (outcome.kind) {
    case Kind::kFailed:
      return IsGiven(notify) && !notify.failure ? News::kNone : News::kFailed;
    case Kind::kDelivered:
      if (!outcome.tell) return News::kNone;
      return outcome.host.empty() ? News::kDelivered : News::kRelayed;
    case Kind::kDeferred:
    case Kind::kUnknown:
    case Kind::kNextHost:
    case Kind::kReconnect:
    case Kind::kNextTransaction:
    case Kind::kWithoutTls:
    case Kind::kHandBack:
      return TellsOfDelay(delivery, notify, rule, now) ? News::kDelayed : News::kNone;
  }
  return News::kNone;
}

bool TellsOfRelay(const Delivery& delivery, size_t recipient, const PeerAbilities& peer) {
  const smtp::Notify notify = NotifyOf(delivery, recipient);
  const Demands& demands = delivery.demands;
  if (notify.never) return false;
  if (notify.success && !peer.dsn) return true;
  if (!HasDeadline(demands)) return false;
  return demands.trace || (!demands.return_late && !peer.deliver_by);
}

bool IsTooLate(const Delivery& delivery, absl::Time now) {
  return delivery.demands.return_late && delivery.demands.deliver_by <= now;
}

}  // namespace staffetta::delivery
