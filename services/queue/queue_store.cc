#include "queue/queue_store.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <utility>

#include "common/base/ids.h"
#include "queue/scripts.h"

namespace staffetta::queue {
namespace {

using redis::Command;
using redis::Value;

// Due deliveries and ended leases that one lease call moves; the next call takes the rest.
constexpr int kMostMoved = 200;

using Args = std::vector<std::string>;

std::string Millis(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration));
}

// As create_message in lua/common.lua reads it.
void Append(StorableMessage message, Args* args) {
  args->push_back(std::move(message.id));
  args->push_back(std::move(message.event_part));
  args->push_back(std::move(message.change));
  args->push_back(std::move(message.content));
  args->push_back(absl::StrCat(message.content_size));
  args->push_back(absl::StrCat(message.message_class));
  args->push_back(Millis(message.wait));
  args->push_back(Millis(message.lifetime));
  args->push_back(absl::StrCat(message.deliveries.size()));
  for (NewDelivery& delivery : message.deliveries) {
    args->push_back(std::move(delivery.lane));
    args->push_back(std::move(delivery.event_part));
  }
}

const char* NameOf(Fate fate) {
  switch (fate) {
    case Fate::kDone:
      return "done";
    case Fate::kRetry:
      return "retry";
    case Fate::kBack:
      break;
  }
  return "back";
}

// As complete.lua reads it.
void Append(StorableCompletion completion, Args* args) {
  args->push_back(std::move(completion.delivery_id));
  args->push_back(std::move(completion.lease_id));
  args->push_back(NameOf(completion.fate));
  args->push_back(Millis(completion.wait));
  args->push_back(std::move(completion.left));
  args->push_back(absl::StrCat(completion.changes.size()));
  for (std::string& change : completion.changes) args->push_back(std::move(change));
  args->push_back(absl::StrCat(completion.bounce.size()));
  for (StorableMessage& bounce : completion.bounce) Append(std::move(bounce), args);
}

// Numbers that went through Lua come back as integers or as text.
int64_t NumberOf(const Value& value) {
  int64_t number = value.integer();
  if (value.kind() == Value::Kind::kString && !absl::SimpleAtoi(value.str(), &number)) number = 0;
  return number;
}

absl::Time TimeOf(const Value& value) { return absl::FromUnixMillis(NumberOf(value)); }

absl::Time TimeOrNever(const Value& value) {
  return NumberOf(value) == 0 ? absl::InfiniteFuture() : TimeOf(value);
}

absl::Status Unexpected(const char* script) {
  return absl::InternalError(absl::StrCat("unexpected reply of script ", script));
}

std::vector<std::string> TakeStrings(Value value) {
  std::vector<std::string> strings;
  for (Value& element : value.TakeArray()) strings.push_back(element.TakeString());
  return strings;
}

v1::DeliveryState StateOf(const std::string& state) {
  if (state == "due") return v1::DELIVERY_STATE_DUE_LATER;
  if (state == "leased") return v1::DELIVERY_STATE_LEASED;
  return v1::DELIVERY_STATE_READY;
}

}  // namespace

QueueStore::QueueStore(redis::Client* client, int partition, Options options)
    : client_(client),
      tag_(absl::StrCat("{", partition, "}")),
      options_(options),
      wake_channel_(absl::StrCat("wake:", tag_)),
      waker_(NewToken()),
      lease_lost_(LeaseLostChange()) {}

Co<absl::Status> QueueStore::Enqueue(std::vector<StorableMessage> messages) {
  const int64_t count = static_cast<int64_t>(messages.size());
  Args args{tag_, absl::StrCat(options_.keep_events), wake_channel_, waker_, absl::StrCat(count)};
  for (StorableMessage& message : messages) Append(std::move(message), &args);
  const auto reply = co_await client_->Eval(TheScripts().enqueue, {}, std::move(args));
  if (!reply.ok()) co_return reply.status();
  if (reply->integer() != count) co_return Unexpected("enqueue");
  co_return absl::OkStatus();
}

Co<absl::StatusOr<QueueStore::LeaseResult>> QueueStore::Lease(int credits) {
  // Unique among all replicas and calls: the fence.
  const std::string prefix = absl::StrCat(waker_.substr(0, 13), ".", ++lease_calls_, ".");
  Args args{tag_,
            absl::StrCat(options_.keep_events),
            absl::StrCat(credits),
            Millis(options_.lease_time),
            prefix,
            absl::StrCat(kInlineContent),
            lease_lost_,
            absl::StrCat(kMostMoved)};
  auto reply = co_await client_->Eval(TheScripts().lease, {}, std::move(args));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 4) co_return Unexpected("lease");
  LeaseResult result;
  result.now = TimeOf(parts[0]);
  result.next_change = TimeOrNever(parts[1]);
  result.highest_waiting_class = static_cast<int>(NumberOf(parts[2]));
  for (Value& element : parts[3].TakeArray()) {
    std::vector<Value> d = element.TakeArray();
    if (d.size() != 10) co_return Unexpected("lease");
    result.deliveries.push_back({.delivery_id = d[0].TakeString(),
                                 .lease_id = d[1].TakeString(),
                                 .message_class = static_cast<int>(NumberOf(d[2])),
                                 .attempts = static_cast<int>(NumberOf(d[3])),
                                 .delivery_part = d[4].TakeString(),
                                 .message_part = d[5].TakeString(),
                                 .content_size = NumberOf(d[6]),
                                 .accepted = TimeOf(d[7]),
                                 .expires = TimeOf(d[8]),
                                 .content = d[9].TakeString()});
  }
  co_return result;
}

Co<absl::StatusOr<QueueStore::RenewResult>> QueueStore::Renew(std::vector<v1::HeldLease> leases) {
  Args args{tag_, Millis(options_.lease_time)};
  for (const v1::HeldLease& lease : leases) {
    args.push_back(lease.delivery_id());
    args.push_back(lease.lease_id());
  }
  auto reply = co_await client_->Eval(TheScripts().renew, {}, std::move(args));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 2) co_return Unexpected("renew");
  co_return RenewResult{.highest_waiting_class = static_cast<int>(NumberOf(parts[0])),
                        .lost = TakeStrings(std::move(parts[1]))};
}

Co<absl::StatusOr<std::vector<std::string>>> QueueStore::Complete(
    std::vector<StorableCompletion> completions) {
  Args args{tag_, absl::StrCat(options_.keep_events), wake_channel_, waker_,
            absl::StrCat(completions.size())};
  for (StorableCompletion& completion : completions) Append(std::move(completion), &args);
  auto reply = co_await client_->Eval(TheScripts().complete, {}, std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return TakeStrings(*std::move(reply));
}

Co<absl::StatusOr<std::string>> QueueStore::GetContent(std::string message_id) {
  auto reply =
      co_await client_->Run(Command("GET", absl::StrCat("content:", tag_, ":", message_id)));
  if (!reply.ok()) co_return reply.status();
  if (reply->is_nil()) {
    co_return absl::NotFoundError(absl::StrCat("message ", message_id, " is not queued"));
  }
  co_return reply->TakeString();
}

Co<absl::StatusOr<QueueStore::Stats>> QueueStore::GetStats() {
  std::vector<Command> commands;
  commands.emplace_back("ZCARD", "due:" + tag_);
  commands.emplace_back("ZCARD", "lease:" + tag_);
  commands.emplace_back("GET", "messages:" + tag_);
  for (int c = 1; c <= 5; ++c) {
    commands.emplace_back("LRANGE", absl::StrCat("turn:", tag_, ":", c), 0, -1);
  }
  auto replies = co_await client_->RunAll(std::move(commands));
  if (!replies.ok()) co_return replies.status();
  Stats stats;
  stats.due_later = (*replies)[0].integer();
  stats.leased = (*replies)[1].integer();
  stats.messages = NumberOf((*replies)[2]);
  for (int c = 1; c <= 5; ++c) {
    std::vector<Command> lengths;
    for (const Value& lane : (*replies)[2 + c].array()) {
      lengths.emplace_back("LLEN", absl::StrCat("lane:", tag_, ":", c, ":", lane.str()));
    }
    if (lengths.empty()) continue;
    const auto counted = co_await client_->RunAll(std::move(lengths));
    if (!counted.ok()) co_return counted.status();
    for (const Value& length : *counted) stats.ready[c] += length.integer();
  }
  co_return stats;
}

Co<absl::StatusOr<QueueStore::Page>> QueueStore::List(std::string from, int about) {
  const std::string prefix = absl::StrCat("dlv:", tag_, ":");
  auto reply = co_await client_->Run(
      Command("SCAN", from.empty() ? "0" : from, "MATCH", prefix + "*", "COUNT", about));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 2) co_return absl::InternalError("unexpected reply of SCAN");
  std::vector<std::string> deliveries;
  for (const Value& key : parts[1].array()) deliveries.push_back(key.str().substr(prefix.size()));
  auto described = co_await Describe(std::move(deliveries));
  if (!described.ok()) co_return described.status();
  Page page{.deliveries = *std::move(described), .next = parts[0].TakeString()};
  if (page.next == "0") page.next.clear();
  co_return page;
}

Co<absl::StatusOr<std::vector<QueueStore::Described>>> QueueStore::DescribeMessage(
    std::string message_id) {
  const auto made =
      co_await client_->Run(Command("HGET", absl::StrCat("msg:", tag_, ":", message_id), "d"));
  if (!made.ok()) co_return made.status();
  std::vector<std::string> deliveries;
  for (int64_t k = 0; k < NumberOf(*made); ++k) {
    deliveries.push_back(absl::StrCat(message_id, ".", k));
  }
  co_return co_await Describe(std::move(deliveries));
}

Co<absl::StatusOr<std::vector<QueueStore::Described>>> QueueStore::Describe(
    std::vector<std::string> deliveries) {
  std::vector<Described> described;
  if (deliveries.empty()) co_return described;
  Args args{tag_};
  for (std::string& delivery : deliveries) args.push_back(std::move(delivery));
  auto reply = co_await client_->Eval(TheScripts().describe, {}, std::move(args));
  if (!reply.ok()) co_return reply.status();
  for (Value& element : reply->TakeArray()) {
    std::vector<Value> d = element.TakeArray();
    if (d.size() != 9) co_return Unexpected("describe");
    described.push_back({.delivery_id = d[0].TakeString(),
                         .message_class = static_cast<int>(NumberOf(d[1])),
                         .attempts = static_cast<int>(NumberOf(d[2])),
                         .delivery_part = d[3].TakeString(),
                         .message_part = d[4].TakeString(),
                         .accepted = TimeOf(d[5]),
                         .expires = TimeOf(d[6]),
                         .state = StateOf(d[7].str()),
                         .until = TimeOrNever(d[8])});
  }
  co_return described;
}

}  // namespace staffetta::queue
