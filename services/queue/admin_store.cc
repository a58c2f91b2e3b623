#include "queue/admin_store.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

#include "common/rpc/times.h"
#include "queue/admin_rules.h"
#include "queue/partitions.h"
#include "queue/reply_values.h"
#include "queue/scripts.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {
namespace {

using redis::Command;
using redis::Value;

absl::Time TimeOrPast(const Value& value) {
  return NumberOf(value) == 0 ? absl::InfinitePast() : TimeOf(value);
}

v1::DeliveryState StateOf(const std::string& place) {
  static const std::map<std::string, v1::DeliveryState> states{
      {"ready", v1::DELIVERY_STATE_READY},     {"due", v1::DELIVERY_STATE_DUE_LATER},
      {"leased", v1::DELIVERY_STATE_LEASED},   {"paused", v1::DELIVERY_STATE_PAUSED},
      {"aside", v1::DELIVERY_STATE_SET_ASIDE}, {"suspect", v1::DELIVERY_STATE_SUSPECT},
      {"expired", v1::DELIVERY_STATE_EXPIRED}};
  const auto found = states.find(place);
  return found == states.end() ? v1::DELIVERY_STATE_UNSPECIFIED : found->second;
}

v1::WaitReason ReasonOf(const std::string& reason) {
  static const std::map<std::string, v1::WaitReason> reasons{
      {"hold", v1::WAIT_REASON_HOLD},
      {"throttle", v1::WAIT_REASON_THROTTLE},
      {"class", v1::WAIT_REASON_HIGHER_CLASS},
      {"turn", v1::WAIT_REASON_TURN}};
  const auto found = reasons.find(reason);
  return found == reasons.end() ? v1::WAIT_REASON_UNSPECIFIED : found->second;
}

const char* NameOf(v1::DeliveryChange change) {
  switch (change) {
    case v1::DELIVERY_CHANGE_PAUSE:
      return "pause";
    case v1::DELIVERY_CHANGE_RESUME:
      return "resume";
    case v1::DELIVERY_CHANGE_SEND_NOW:
      return "send_now";
    case v1::DELIVERY_CHANGE_CANCEL:
      return "cancel";
    case v1::DELIVERY_CHANGE_EXPIRE:
      return "expire";
    case v1::DELIVERY_CHANGE_REROUTE:
      return "reroute";
    case v1::DELIVERY_CHANGE_UNSPECIFIED:
    case v1::DeliveryChange_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::DeliveryChange_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return "";
}

// As gates.lua reads it; behind the numbers stands the whole limit, to be listed.
std::string LimitsOf(const v1::Throttle& throttle, int share) {
  if (!HasLimits(throttle)) return "";
  const double per_ms = absl::ToDoubleMilliseconds(
      throttle.has_per() ? rpc::FromProto(throttle.per()) : absl::Seconds(1));
  const double interval = throttle.messages() > 0 ? per_ms / throttle.messages() * share : 0;
  const int burst = throttle.burst() > 0 ? throttle.burst() : throttle.messages();
  const auto of = [share](int64_t whole) { return (whole + share - 1) / share; };
  return absl::StrCat(interval, " ", std::max<int64_t>(1, of(burst)), " ",
                      of(throttle.recipients_per_day()), " ", of(throttle.concurrency()), " ",
                      throttle.SerializeAsString());
}

// The whole limit stands behind the four numbers.
v1::Throttle ThrottleOf(const std::string& limits) {
  const std::vector<std::string> parts = absl::StrSplit(limits, absl::MaxSplits(' ', 4));
  v1::Throttle throttle;
  if (parts.size() == 5) throttle.ParseFromString(parts[4]);
  return throttle;
}

}  // namespace

AdminStore::AdminStore(const Partition* partition) : partition_(partition) {}

Co<absl::StatusOr<AdminStore::Stats>> AdminStore::GetStats() {
  std::vector<std::string> args{partition_->tag()};
  auto reply = co_await partition_->client()->Eval(TheScripts().stats, {partition_->any_key()},
                                                   std::move(args));
  if (!reply.ok()) co_return reply.status();
  const std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 30) co_return Unexpected("stats");
  Stats stats;
  stats.now = TimeOf(parts[0]);
  auto part = parts.begin() + 1;
  for (int64_t* count : {&stats.messages, &stats.due, &stats.leased, &stats.paused, &stats.aside,
                         &stats.expired, &stats.suspects}) {
    *count = NumberOf(*part++);
  }
  stats.last_asked = TimeOrPast(*part++);
  for (size_t c = 1; c < stats.classes.size(); ++c) {
    stats.classes[c].ready = NumberOf(*part++);
    stats.classes[c].oldest = TimeOrNever(*part++);
  }
  for (int64_t& count : stats.holds) count = NumberOf(*part++);
  for (int64_t& count : stats.closed_gates) count = NumberOf(*part++);
  stats.away = NumberOf(*part++);
  stats.gone = NumberOf(*part++);
  co_return stats;
}

Co<absl::StatusOr<AdminStore::Page>> AdminStore::List(std::string from, int about) {
  const std::string prefix = partition_->Key("dlv", "");
  Command scan("SCAN", from.empty() ? "0" : from, "MATCH", prefix + "*", "COUNT", about);
  scan.RouteBy(partition_->any_key());
  auto reply = co_await partition_->client()->Run(std::move(scan));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 2) co_return absl::InternalError("unexpected reply of SCAN");
  std::vector<std::string> deliveries;
  for (const Value& key : parts[1].array()) deliveries.push_back(key.str().substr(prefix.size()));
  auto described = co_await Describe(std::move(deliveries));
  if (!described.ok()) co_return described.status();
  Page page{.description = *std::move(described), .next = parts[0].TakeString()};
  if (page.next == "0") page.next.clear();
  co_return page;
}

Co<absl::StatusOr<AdminStore::Description>> AdminStore::DescribeMessage(std::string message_id) {
  // A message has at most as many deliveries as recipients, and most have one.
  constexpr int kStep = 100;
  Description all;
  for (int k = 0;; k += kStep) {
    std::vector<std::string> deliveries;
    for (int i = k; i < k + kStep; ++i) deliveries.push_back(absl::StrCat(message_id, ".", i));
    auto some = co_await Describe(std::move(deliveries));
    if (!some.ok()) co_return some.status();
    all.now = some->now;
    all.last_asked = some->last_asked;
    all.highest_waiting_class = some->highest_waiting_class;
    std::move(some->deliveries.begin(), some->deliveries.end(), std::back_inserter(all.deliveries));
    const auto record =
        co_await partition_->client()->Run(Command("EXISTS", partition_->Key("msg", message_id)));
    if (!record.ok()) co_return record.status();
    // Without a record of its own it has one delivery, the first.
    if (record->integer() == 0 || k >= 10'000) co_return all;
  }
}

Co<absl::StatusOr<AdminStore::Description>> AdminStore::Describe(
    std::vector<std::string> deliveries) {
  std::vector<std::string> args{partition_->tag()};
  for (std::string& delivery : deliveries) args.push_back(std::move(delivery));
  auto reply = co_await partition_->client()->Eval(TheScripts().describe, {partition_->any_key()},
                                                   std::move(args));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 4) co_return Unexpected("describe");
  Description description{.now = TimeOf(parts[0]),
                          .last_asked = TimeOrPast(parts[1]),
                          .highest_waiting_class = static_cast<int>(NumberOf(parts[2])),
                          .deliveries = {}};
  for (Value& element : parts[3].TakeArray()) {
    std::vector<Value> d = element.TakeArray();
    if (d.size() != 17) co_return Unexpected("describe");
    description.deliveries.push_back({.delivery_id = d[0].TakeString(),
                                      .message_class = static_cast<int>(NumberOf(d[1])),
                                      .attempts = static_cast<int>(NumberOf(d[2])),
                                      .delivery_part = d[3].TakeString(),
                                      .message_part = d[4].TakeString(),
                                      .accepted = TimeOf(d[5]),
                                      .expires = TimeOf(d[6]),
                                      .state = StateOf(d[7].str()),
                                      .at = TimeOrNever(d[8]),
                                      .lease_id = d[9].TakeString(),
                                      .kills = static_cast<int>(NumberOf(d[10])),
                                      .lane = d[11].TakeString(),
                                      .reason = ReasonOf(d[12].str()),
                                      .scope = d[13].TakeString(),
                                      .reason_at = TimeOrNever(d[14]),
                                      .place_in_lane = NumberOf(d[15]),
                                      .paused_why = d[16].TakeString()});
  }
  co_return description;
}

Co<absl::StatusOr<std::vector<std::string>>> AdminStore::Change(
    ChangeOrder order, std::vector<std::string> deliveries) {
  if (deliveries.empty()) co_return std::vector<std::string>();
  events::v1::Event rerouted;
  rerouted.mutable_envelope()->set_channel(order.channel);
  std::vector<std::string> args{
      partition_->tag(),      partition_->keep(),       partition_->wake_channel(),
      partition_->waker(),    NameOf(order.change),     std::move(order.why),
      std::move(order.event), std::move(order.channel), rerouted.SerializeAsString()};
  for (std::string& delivery : deliveries) args.push_back(std::move(delivery));
  auto reply = co_await partition_->client()->Eval(TheScripts().act, {partition_->any_key()},
                                                   std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return TakeStrings(*std::move(reply));
}

Co<absl::StatusOr<int64_t>> AdminStore::Gate(std::string action, std::string scope,
                                             std::string text, std::string event) {
  std::vector<std::string> args{partition_->tag(),   partition_->keep(), partition_->wake_channel(),
                                partition_->waker(), std::move(action),  std::move(scope),
                                std::move(text),     std::move(event)};
  const auto reply = co_await partition_->client()->Eval(TheScripts().gate, {partition_->any_key()},
                                                         std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return reply->integer();
}

Co<absl::Status> AdminStore::SetHold(std::string scope, Hold hold, std::string event) {
  const int64_t since = hold.since == absl::InfinitePast() ? 0 : absl::ToUnixMillis(hold.since);
  const auto held =
      co_await Gate("hold", std::move(scope), absl::StrCat(since, " ", hold.why), std::move(event));
  co_return held.status();
}

Co<absl::Status> AdminStore::Release(std::string scope, std::string event) {
  const auto released = co_await Gate("release", scope, "", std::move(event));
  if (!released.ok()) co_return released.status();
  if (*released == 0) co_return absl::NotFoundError(absl::StrCat(scope, " is not held"));
  co_return absl::OkStatus();
}

Co<absl::StatusOr<std::map<std::string, AdminStore::Hold>>> AdminStore::Holds() {
  const auto reply =
      co_await partition_->client()->Run(Command("HGETALL", "hold:" + partition_->tag()));
  if (!reply.ok()) co_return reply.status();
  std::map<std::string, Hold> holds;
  const std::vector<Value>& parts = reply->array();
  for (size_t i = 0; i + 1 < parts.size(); i += 2) {
    const std::pair<std::string, std::string> since_and_why =
        absl::StrSplit(parts[i + 1].str(), absl::MaxSplits(' ', 1));
    int64_t since = 0;
    if (!absl::SimpleAtoi(since_and_why.first, &since)) since = 0;
    holds[parts[i].str()] = {absl::FromUnixMillis(since), since_and_why.second};
  }
  co_return holds;
}

Co<absl::Status> AdminStore::SetThrottle(v1::Throttle throttle, int share, std::string event) {
  const auto set =
      co_await Gate("throttle", throttle.scope(), LimitsOf(throttle, share), std::move(event));
  if (!set.ok()) co_return set.status();
  if (*set == 0) co_return absl::NotFoundError(absl::StrCat(throttle.scope(), " is not throttled"));
  co_return absl::OkStatus();
}

Co<absl::StatusOr<std::vector<v1::Throttle>>> AdminStore::Throttles() {
  const auto reply =
      co_await partition_->client()->Run(Command("HGETALL", "throttle:" + partition_->tag()));
  if (!reply.ok()) co_return reply.status();
  std::vector<v1::Throttle> throttles;
  const std::vector<Value>& parts = reply->array();
  for (size_t i = 0; i + 1 < parts.size(); i += 2) {
    throttles.push_back(ThrottleOf(parts[i + 1].str()));
  }
  std::sort(throttles.begin(), throttles.end(),
            [](const auto& a, const auto& b) { return a.scope() < b.scope(); });
  co_return throttles;
}

Co<absl::Status> AdminStore::FollowGates(AdminStore* first, size_t partitions) {
  const auto wanted = co_await first->Holds();
  if (!wanted.ok()) co_return wanted.status();
  const auto holds = co_await Holds();
  if (!holds.ok()) co_return holds.status();
  for (const auto& [scope, hold] : *wanted) {
    if (holds->contains(scope)) continue;
    const absl::Status held = co_await SetHold(scope, hold, "");
    if (!held.ok()) co_return held;
  }
  const auto throttles = co_await first->Throttles();
  if (!throttles.ok()) co_return throttles.status();
  for (const v1::Throttle& throttle : *throttles) {
    const auto stored = co_await partition_->client()->Run(
        Command("HGET", "throttle:" + partition_->tag(), throttle.scope()));
    if (!stored.ok()) co_return stored.status();
    const int share = SpreadOf(throttle.scope(), partitions);
    if (!stored->is_nil() && stored->str() == LimitsOf(throttle, share)) continue;
    const absl::Status set = co_await SetThrottle(throttle, share, "");
    if (!set.ok()) co_return set;
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::queue
