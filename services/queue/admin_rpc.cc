#include "queue/admin_rpc.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/channel.h"
#include "common/rpc/times.h"
#include "queue/admin_rules.h"
#include "queue/messages.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {
namespace {

using events::v1::Event;

constexpr int kPage = 1000;

std::string StateChange(const std::string& what, const std::string& reason) {
  Event event;
  event.set_type(events::v1::EVENT_TYPE_STATE_CHANGED);
  event.set_detail(absl::StrCat(what, " by an operator", reason.empty() ? "" : ": ", reason));
  return event.SerializeAsString();
}

// All partitions change, but it is one fact.
std::string EventIn(size_t partition, const std::string& event) {
  return partition == 0 ? event : "";
}

// What is published about a delivery that is changed.
std::string EventOf(const v1::ChangeDeliveriesRequest& request, const std::string& channel) {
  switch (request.change()) {
    case v1::DELIVERY_CHANGE_PAUSE:
      return StateChange("paused", request.reason());
    case v1::DELIVERY_CHANGE_RESUME:
      return StateChange("resumed", request.reason());
    case v1::DELIVERY_CHANGE_SEND_NOW:
      return StateChange("sent at once", request.reason());
    case v1::DELIVERY_CHANGE_EXPIRE:
      return StateChange("expired", request.reason());
    case v1::DELIVERY_CHANGE_REROUTE:
      return StateChange(absl::StrCat("given to channel \"", channel, "\""), request.reason());
    default:
      break;
  }
  Event cancelled;
  cancelled.set_type(events::v1::EVENT_TYPE_CANCELLED);
  cancelled.set_detail(request.reason());
  return cancelled.SerializeAsString();
}

// As lua/act.lua has it.
bool CanChange(v1::DeliveryChange change, v1::DeliveryState state) {
  const bool by_operator =
      state == v1::DELIVERY_STATE_PAUSED || state == v1::DELIVERY_STATE_SET_ASIDE;
  const bool waits = state == v1::DELIVERY_STATE_READY || state == v1::DELIVERY_STATE_DUE_LATER ||
                     state == v1::DELIVERY_STATE_SUSPECT;
  switch (change) {
    case v1::DELIVERY_CHANGE_PAUSE:
      return waits;
    case v1::DELIVERY_CHANGE_RESUME:
      return by_operator;
    case v1::DELIVERY_CHANGE_SEND_NOW:
      return by_operator || state == v1::DELIVERY_STATE_DUE_LATER;
    default:
      return by_operator || waits;
  }
}

// What a hold of the scope or its end would touch, as far as this page of the queue goes.
template <class Request, class Response>
Co<absl::Status> CountUnder(std::string scope, std::vector<Stores> partitions,
                            const Request* request, Response* response) {
  const auto page = co_await ListFrom(std::move(partitions), request->page_token(), kPage);
  if (!page.ok()) co_return page.status();
  const auto& deliveries = page->description.deliveries;
  response->set_deliveries(std::count_if(deliveries.begin(), deliveries.end(),
                                         [&](const auto& d) { return Holds(scope, d.lane); }));
  response->set_next_page_token(page->next);
  co_return absl::OkStatus();
}

// Those that a failed call left in some partitions only are among them.
Co<absl::StatusOr<std::map<std::string, AdminStore::Hold>>> HoldsOf(
    std::vector<Stores> partitions) {
  std::map<std::string, AdminStore::Hold> all;
  for (const Stores& stores : partitions) {
    auto holds = co_await stores.admin->Holds();
    if (!holds.ok()) co_return holds.status();
    all.merge(*std::move(holds));
  }
  co_return all;
}

// What was set when less was checked can still be removed, by its text.
std::string ScopeToRemove(const absl::StatusOr<std::string>& parsed, const std::string& text) {
  return parsed.ok() ? *parsed : text;
}

}  // namespace

AdminRpc::AdminRpc(std::vector<Stores> partitions, Scheduler* scheduler, TaskGroup* group,
                   std::string key)
    : partitions_(std::move(partitions)),
      scheduler_(scheduler),
      dispatcher_(group->executor(), std::move(key), "queue administration") {}

Co<absl::Status> AdminRpc::DoChangeDeliveries(const v1::ChangeDeliveriesRequest* asked,
                                              v1::ChangeDeliveriesResponse* response) {
  v1::ChangeDeliveriesRequest request = *asked;
  const absl::Status valid = CheckChange(&request);
  if (!valid.ok()) co_return valid;
  AdminStore::Page page;
  if (!request.selector().message_id().empty()) {
    auto described = co_await DescribeMessage(partitions_, request.selector().message_id());
    if (!described.ok()) co_return described.status();
    page.description = *std::move(described);
  } else {
    auto listed = co_await ListFrom(partitions_, request.page_token(), kPage);
    if (!listed.ok()) co_return listed.status();
    page = *std::move(listed);
  }
  response->set_next_page_token(page.next);
  std::vector<std::string> fitting;
  std::map<v1::DeliveryState, int64_t> left_alone;
  for (const AdminStore::Described& described : page.description.deliveries) {
    if (!Fits(request.selector(), ToProto(described), page.description.now)) continue;
    response->set_matched(response->matched() + 1);
    if (CanChange(request.change(), described.state)) {
      fitting.push_back(described.delivery_id);
    } else {
      ++left_alone[described.state];
    }
  }
  response->set_changed(static_cast<int64_t>(fitting.size()));
  if (!request.dry_run() && !fitting.empty()) {
    // A page is from one partition.
    const auto partition = PartitionOf(fitting[0], partitions_.size());
    if (!partition.ok()) co_return partition.status();
    const std::string channel = request.channel().empty() ? kDefaultChannel : request.channel();
    const auto changed = co_await partitions_[*partition].admin->Change(
        {request.change(), request.reason(), EventOf(request, channel), channel},
        std::move(fitting));
    if (!changed.ok()) co_return changed.status();
    const int64_t meanwhile = response->changed() - static_cast<int64_t>(changed->size());
    if (meanwhile > 0) left_alone[v1::DELIVERY_STATE_UNSPECIFIED] = meanwhile;
    response->set_changed(static_cast<int64_t>(changed->size()));
    scheduler_->Wake(*partition);
  }
  for (const auto& [state, deliveries] : left_alone) {
    v1::LeftAlone* const out = response->add_left_alone();
    out->set_state(state);
    out->set_deliveries(deliveries);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> AdminRpc::DoHold(const v1::HoldRequest* request, v1::HoldResponse* response) {
  const auto scope = HoldScope(request->scope());
  if (!scope.ok()) co_return scope.status();
  const absl::Status valid = CheckReason(request->reason());
  if (!valid.ok()) co_return valid;
  if (request->dry_run()) co_return co_await CountUnder(*scope, partitions_, request, response);
  const std::string event = StateChange(*scope + " held", request->reason());
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const absl::Status status = co_await partitions_[i].admin->SetHold(
        *scope, {.since = absl::InfinitePast(), .why = request->reason()}, EventIn(i, event));
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Co<absl::Status> AdminRpc::DoRelease(const v1::ReleaseRequest* request,
                                     v1::ReleaseResponse* response) {
  const std::string scope = ScopeToRemove(HoldScope(request->scope()), request->scope());
  absl::Status result = absl::NotFoundError(scope + " is not held");
  if (request->dry_run()) {
    const auto holds = co_await HoldsOf(partitions_);
    if (!holds.ok()) co_return holds.status();
    if (!holds->contains(scope)) co_return result;
    co_return co_await CountUnder(scope, partitions_, request, response);
  }
  const std::string event = StateChange(scope + " released", "");
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const absl::Status status = co_await partitions_[i].admin->Release(scope, EventIn(i, event));
    if (!status.ok() && !absl::IsNotFound(status)) co_return status;
    if (status.ok()) result = status;
  }
  scheduler_->WakeAll();
  co_return result;
}

Co<absl::Status> AdminRpc::DoListHolds(const v1::ListHoldsRequest*,
                                       v1::ListHoldsResponse* response) {
  const auto holds = co_await HoldsOf(partitions_);
  if (!holds.ok()) co_return holds.status();
  for (const auto& [scope, hold] : *holds) {
    v1::HeldScope* const out = response->add_holds();
    out->set_scope(scope);
    out->set_reason(hold.why);
    *out->mutable_since() = rpc::ToProto(hold.since);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> AdminRpc::DoSetThrottle(const v1::SetThrottleRequest* request,
                                         v1::SetThrottleResponse* response) {
  v1::Throttle throttle = request->throttle();
  const absl::Status valid = CheckThrottle(throttle);
  if (!valid.ok()) co_return valid;
  const auto scope = ThrottleScope(throttle.scope());
  const bool limits = HasLimits(throttle);
  if (limits && !scope.ok()) co_return scope.status();
  throttle.set_scope(ScopeToRemove(scope, throttle.scope()));
  if (!throttle.has_per()) throttle.mutable_per()->set_seconds(1);
  absl::Status result = absl::NotFoundError(throttle.scope() + " is not throttled");
  const std::string event =
      StateChange(throttle.scope() + (limits ? " throttled" : " not throttled any more"), "");
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const absl::Status status = co_await partitions_[i].admin->SetThrottle(
        throttle, SpreadOf(throttle.scope(), partitions_.size()), EventIn(i, event));
    if (!status.ok() && !absl::IsNotFound(status)) co_return status;
    if (status.ok()) result = status;
  }
  scheduler_->WakeAll();
  if (limits) *response->mutable_throttle() = std::move(throttle);
  co_return result;
}

Co<absl::Status> AdminRpc::DoListThrottles(const v1::ListThrottlesRequest*,
                                           v1::ListThrottlesResponse* response) {
  auto throttles = co_await partitions_[0].admin->Throttles();
  if (!throttles.ok()) co_return throttles.status();
  for (v1::Throttle& throttle : *throttles) *response->add_throttles() = std::move(throttle);
  co_return absl::OkStatus();
}

Co<absl::Status> AdminRpc::DoExplain(const v1::ExplainRequest* request,
                                     v1::ExplainResponse* response) {
  const auto described = co_await DescribeAmongAll(partitions_, request->message_id());
  if (!described.ok()) co_return described.status();
  for (const AdminStore::Described& delivery : described->deliveries) {
    v1::Explanation* const out = response->add_explanations();
    *out = ExplanationOf(delivery, *described);
    if (out->reason() != v1::WAIT_REASON_HOLD) continue;
    const auto partition = PartitionOf(request->message_id(), partitions_.size());
    if (!partition.ok()) co_return partition.status();
    const auto holds = co_await partitions_[*partition].admin->Holds();
    if (!holds.ok()) co_return holds.status();
    const auto hold = holds->find(out->scope());
    if (hold == holds->end() || hold->second.why.empty()) continue;
    out->set_detail(hold->second.why);
    out->set_text(absl::StrCat(out->text(), ": ", hold->second.why));
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::queue
