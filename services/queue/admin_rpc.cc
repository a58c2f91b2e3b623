#include "queue/admin_rpc.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/rpc/times.h"
#include "queue/messages.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {
namespace {

using events::v1::Event;

constexpr size_t kLongestReason = 500;
constexpr int kPage = 1000;
constexpr absl::Duration kLongestPeriod = absl::Hours(24);

// A scope in its stored form, or INVALID_ARGUMENT. `wildcard`: "account:*" is one as well.
absl::StatusOr<std::string> ParseScope(const std::string& text, bool throttle) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const auto& [kind, name] = parts;
  const bool named = !name.empty() || kind == "channel";
  const bool limited = kind == "account" || kind == "channel" || kind == "destination";
  if (throttle && limited && name == "*") return text;
  if (kind == "account" && named) {
    uint64_t number = 0;
    if (absl::SimpleAtoi(name, &number)) return absl::StrCat("account:", number);
  } else if (kind == "destination" && named) {
    return absl::StrCat("destination:", absl::AsciiStrToLower(name));
  } else if (kind == "channel" || (!throttle && (kind == "list" || kind == "lane") && named) ||
             (!throttle && text == "all")) {
    return text;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "scope: \"", text, "\" is none of ",
      throttle ? "account:N, channel:NAME, destination:DOMAIN (* for each)"
               : "all, account:N, list:ACCOUNT/LIST, channel:NAME, destination:DOMAIN, lane:LANE"));
}

absl::Status CheckReason(const std::string& reason) {
  if (reason.size() <= kLongestReason) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("reason: longer than ", kLongestReason, " characters"));
}

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
std::string EventOf(const v1::ChangeDeliveriesRequest& request) {
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
      return StateChange(absl::StrCat("given to channel \"", request.channel(), "\""),
                         request.reason());
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

absl::Status Check(const v1::ChangeDeliveriesRequest& request) {
  if (request.selector().ByteSizeLong() == 0) {
    return absl::InvalidArgumentError("selector: says nothing; name at least one thing");
  }
  if (request.change() == v1::DELIVERY_CHANGE_UNSPECIFIED ||
      !v1::DeliveryChange_IsValid(request.change())) {
    return absl::InvalidArgumentError("change: is not set");
  }
  if (absl::StrContains(request.channel(), "/")) {
    return absl::InvalidArgumentError("channel: a name has no \"/\"");
  }
  return CheckReason(request.reason());
}

absl::Status Check(const v1::Throttle& throttle) {
  if (throttle.messages() < 0) return absl::InvalidArgumentError("messages: is negative");
  if (throttle.burst() < 0) return absl::InvalidArgumentError("burst: is negative");
  if (throttle.recipients_per_day() < 0) {
    return absl::InvalidArgumentError("recipients_per_day: is negative");
  }
  if (throttle.concurrency() < 0) return absl::InvalidArgumentError("concurrency: is negative");
  if (!throttle.has_per()) return absl::OkStatus();
  const absl::Duration per = rpc::FromProto(throttle.per());
  if (per <= absl::ZeroDuration() || per > kLongestPeriod) {
    return absl::InvalidArgumentError("per: is not more than 0 and at most a day");
  }
  return absl::OkStatus();
}

}  // namespace

AdminRpc::AdminRpc(std::vector<Stores> partitions, Scheduler* scheduler, TaskGroup* group,
                   std::string key)
    : partitions_(std::move(partitions)),
      scheduler_(scheduler),
      dispatcher_(group->executor(), std::move(key), "queue administration") {}

Co<absl::Status> AdminRpc::DoChangeDeliveries(const v1::ChangeDeliveriesRequest* request,
                                              v1::ChangeDeliveriesResponse* response) {
  const absl::Status valid = Check(*request);
  if (!valid.ok()) co_return valid;
  AdminStore::Page page;
  if (!request->selector().message_id().empty()) {
    auto described = co_await DescribeMessage(partitions_, request->selector().message_id());
    if (!described.ok()) co_return described.status();
    page.description = *std::move(described);
  } else {
    auto listed = co_await ListFrom(partitions_, request->page_token(), kPage);
    if (!listed.ok()) co_return listed.status();
    page = *std::move(listed);
  }
  response->set_next_page_token(page.next);
  std::vector<std::string> fitting;
  for (const AdminStore::Described& described : page.description.deliveries) {
    if (!Fits(request->selector(), ToProto(described), page.description.now)) continue;
    response->set_matched(response->matched() + 1);
    if (CanChange(request->change(), described.state)) fitting.push_back(described.delivery_id);
  }
  response->set_changed(static_cast<int64_t>(fitting.size()));
  if (request->dry_run() || fitting.empty()) co_return absl::OkStatus();
  // A page is from one partition.
  const auto partition = PartitionOf(fitting[0], partitions_.size());
  if (!partition.ok()) co_return partition.status();
  const auto changed = co_await partitions_[*partition].admin->Change(
      request->change(), std::move(fitting), EventOf(*request), request->channel());
  if (!changed.ok()) co_return changed.status();
  response->set_changed(static_cast<int64_t>(changed->size()));
  scheduler_->Wake(*partition);
  co_return absl::OkStatus();
}

Co<absl::Status> AdminRpc::DoHold(const v1::HoldRequest* request, v1::HoldResponse*) {
  const auto scope = ParseScope(request->scope(), false);
  if (!scope.ok()) co_return scope.status();
  const absl::Status valid = CheckReason(request->reason());
  if (!valid.ok()) co_return valid;
  const std::string event = StateChange(*scope + " held", request->reason());
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const absl::Status status = co_await partitions_[i].admin->SetHold(
        *scope, {.since = absl::InfinitePast(), .why = request->reason()}, EventIn(i, event));
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Co<absl::Status> AdminRpc::DoRelease(const v1::ReleaseRequest* request, v1::ReleaseResponse*) {
  const auto scope = ParseScope(request->scope(), false);
  if (!scope.ok()) co_return scope.status();
  absl::Status result = absl::NotFoundError(*scope + " is not held");
  const std::string event = StateChange(*scope + " released", "");
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const absl::Status status = co_await partitions_[i].admin->Release(*scope, EventIn(i, event));
    if (!status.ok() && !absl::IsNotFound(status)) co_return status;
    if (status.ok()) result = status;
  }
  scheduler_->WakeAll();
  co_return result;
}

Co<absl::Status> AdminRpc::DoListHolds(const v1::ListHoldsRequest*,
                                       v1::ListHoldsResponse* response) {
  // Those that a failed call left in some partitions only are among them.
  std::map<std::string, AdminStore::Hold> all;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    auto holds = co_await partitions_[i].admin->Holds();
    if (!holds.ok()) co_return holds.status();
    all.merge(*std::move(holds));
  }
  for (const auto& [scope, hold] : all) {
    v1::HeldScope* const out = response->add_holds();
    out->set_scope(scope);
    out->set_reason(hold.why);
    *out->mutable_since() = rpc::ToProto(hold.since);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> AdminRpc::DoSetThrottle(const v1::SetThrottleRequest* request,
                                         v1::SetThrottleResponse*) {
  const auto scope = ParseScope(request->throttle().scope(), true);
  if (!scope.ok()) co_return scope.status();
  const absl::Status valid = Check(request->throttle());
  if (!valid.ok()) co_return valid;
  v1::Throttle throttle = request->throttle();
  throttle.set_scope(*scope);
  const std::string event = StateChange(*scope + " throttled", "");
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const absl::Status status = co_await partitions_[i].admin->SetThrottle(
        throttle, SpreadOf(*scope, partitions_.size()), EventIn(i, event));
    if (!status.ok()) co_return status;
  }
  scheduler_->WakeAll();
  co_return absl::OkStatus();
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
