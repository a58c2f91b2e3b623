#include "queue/queue_store.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <map>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "queue/figures.h"
#include "queue/reply_values.h"
#include "queue/scripts.h"

namespace staffetta::queue {
namespace {

using redis::Command;
using redis::Value;

// Due deliveries, ended leases and so on that one lease call moves; the next call takes the rest.
constexpr int kMostMoved = 200;
// Content of a message that never came.
constexpr absl::Duration kKeepPieces = absl::Hours(1);

using Args = std::vector<std::string>;

std::string Millis(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration));
}

// As create_message in lua/create.lua reads it.
void Append(StorableMessage message, Args* args) {
  args->push_back(std::move(message.id));
  args->push_back(std::move(message.event_part));
  args->push_back(std::move(message.change));
  args->push_back(std::move(message.content));
  args->push_back(absl::StrCat(message.content_size));
  args->push_back(absl::StrCat(message.content_pieces));
  args->push_back(absl::StrCat(message.announced));
  args->push_back(absl::StrCat(message.message_class));
  args->push_back(absl::StrCat(absl::ToUnixMillis(message.ready)));
  args->push_back(Millis(message.lifetime));
  args->push_back(message.own_lifetime ? "1" : "0");
  args->push_back(std::move(message.idempotency_digest));
  args->push_back(absl::StrCat(message.deliveries.size()));
  for (NewDelivery& delivery : message.deliveries) {
    args->push_back(std::move(delivery.lane));
    args->push_back(std::move(delivery.event_part));
    args->push_back(absl::StrCat(delivery.recipients));
  }
}

const char* NameOf(Fate fate) {
  switch (fate) {
    case Fate::kDone:
      return "done";
    case Fate::kRetry:
      return "retry";
    case Fate::kAside:
      return "aside";
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
  args->push_back(absl::StrCat(completion.recipients_left));
  args->push_back(absl::StrCat(completion.changes.size()));
  for (std::string& change : completion.changes) args->push_back(std::move(change));
  args->push_back(absl::StrCat(completion.bounce.size()));
  for (StorableMessage& bounce : completion.bounce) Append(std::move(bounce), args);
}

QueueStore::Outlook ToOutlook(int64_t highest, int64_t wait_ms) {
  return {.highest_waiting_class = static_cast<int>(highest),
          .until_change = wait_ms < 0 ? absl::InfiniteDuration() : absl::Milliseconds(wait_ms)};
}

void CountLeased(const QueueStore::Leased& leased, absl::Time now) {
  const Figures& figures = TheFigures();
  figures.handed_out[leased.message_class].Increment();
  if (leased.attempts > 0) return;
  figures.wait[leased.message_class].Observe(absl::ToDoubleSeconds(now - leased.accepted));
}

// The last four that enqueue.lua and lease.lua return.
absl::StatusOr<QueueStore::LeaseResult> ToLeaseResult(std::vector<Value> parts,
                                                      const char* script) {
  QueueStore::LeaseResult result;
  const size_t at = parts.size() - 4;
  result.now = TimeOf(parts[at]);
  result.outlook = ToOutlook(NumberOf(parts[at + 2]), NumberOf(parts[at + 1]));
  for (Value& element : parts[at + 3].TakeArray()) {
    std::vector<Value> d = element.TakeArray();
    if (d.size() != 13) return Unexpected(script);
    result.deliveries.push_back({.delivery_id = d[0].TakeString(),
                                 .lease_id = d[1].TakeString(),
                                 .message_class = static_cast<int>(NumberOf(d[2])),
                                 .attempts = static_cast<int>(NumberOf(d[3])),
                                 .delivery_part = d[4].TakeString(),
                                 .message_part = d[5].TakeString(),
                                 .content_size = NumberOf(d[6]),
                                 .content_pieces = static_cast<int>(NumberOf(d[7])),
                                 .announced = NumberOf(d[8]),
                                 .accepted = TimeOf(d[9]),
                                 .expires = TimeOf(d[10]),
                                 .by_floor_share = NumberOf(d[11]) == 1,
                                 .content = d[12].TakeString(),
                                 .plain_content = {}});
    CountLeased(result.deliveries.back(), result.now);
  }
  return result;
}

std::string PieceName(const std::string& message_id, int piece) {
  return absl::StrCat(message_id, ":", piece);
}

}  // namespace

QueueStore::QueueStore(const Partition* partition, Options options)
    : partition_(partition),
      options_(options),
      lease_lost_(LeaseLostChange()),
      set_aside_(SetAsideChange("its workers died three times")),
      demoted_(DemotedPart()) {}

Co<absl::StatusOr<QueueStore::LeaseResult>> QueueStore::Enqueue(
    std::vector<StorableMessage> messages, std::optional<Want> want) {
  if (options_.second != nullptr) {
    const absl::Status written = co_await WriteContents(&messages);
    if (!written.ok()) co_return written;
  }
  Args args{partition_->tag(),
            partition_->keep(),
            partition_->wake_channel(),
            partition_->waker(),
            absl::StrCat(options_.urgent_per_minute),
            demoted_};
  for (std::string& arg : WantArgs(want.value_or(Want{}))) args.push_back(std::move(arg));
  args.push_back(absl::StrCat(messages.size()));
  std::map<std::string, const std::string*> contents;
  std::vector<Receipt*> receipts;
  for (StorableMessage& message : messages) {
    if (want && message.content_size <= kInlineContent) {
      contents.emplace(message.id, message.plain_content);
    }
    receipts.push_back(message.receipt);
    Append(std::move(message), &args);
  }
  auto reply = co_await Write(TheScripts().enqueue, std::move(args));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 5) co_return Unexpected("enqueue");
  std::vector<Value> queued = parts[0].TakeArray();
  if (queued.size() != 2 * receipts.size()) co_return Unexpected("enqueue");
  for (size_t i = 0; i < receipts.size(); ++i) {
    if (receipts[i] == nullptr) continue;
    *receipts[i] = {queued[2 * i].TakeString(), static_cast<int>(NumberOf(queued[2 * i + 1]))};
    if (!receipts[i]->id.empty()) TheFigures().accepted[receipts[i]->message_class].Increment();
  }
  auto result = ToLeaseResult(std::move(parts), "enqueue");
  if (!result.ok()) co_return result;
  for (Leased& leased : result->deliveries) {
    const auto found = contents.find(leased.delivery_id.substr(0, leased.delivery_id.find('.')));
    if (found != contents.end() && found->second != nullptr) leased.plain_content = *found->second;
  }
  co_return result;
}

Co<absl::StatusOr<QueueStore::LeaseResult>> QueueStore::Lease(Want want, bool sweep) {
  Args args{partition_->tag(), partition_->keep(), absl::StrCat(kMostMoved),
            lease_lost_,       set_aside_,         sweep ? "1" : "0"};
  for (std::string& arg : WantArgs(want)) args.push_back(std::move(arg));
  auto reply =
      co_await partition_->client()->Eval(TheScripts().lease, {partition_->any_key()}, args);
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 4) co_return Unexpected("lease");
  auto result = ToLeaseResult(std::move(parts), "lease");
  if (result.ok() && options_.second != nullptr) co_await FetchContents(&*result);
  co_return result;
}

std::vector<std::string> QueueStore::WantArgs(const Want& want) {
  // The prefix is unique among all replicas and calls: the fence. The worker's name is for
  // operators.
  return {
      absl::StrCat(want.credits),
      absl::StrCat(want.express),
      absl::StrCat(want.lowest_class),
      absl::StrCat(options_.floor_per_mille),
      absl::StrCat(want.worker, ".", partition_->waker().substr(0, 13), ".", ++lease_calls_, "."),
      Millis(options_.lease_time),
      absl::StrCat(kInlineContent)};
}

Co<absl::StatusOr<Value>> QueueStore::Write(redis::Script script, std::vector<std::string> args) {
  if (options_.replicas == 0) {
    co_return co_await partition_->client()->Eval(std::move(script), {partition_->any_key()},
                                                  std::move(args));
  }
  co_return co_await options_.waiting_client->EvalAndWait(
      std::move(script), {partition_->any_key()}, std::move(args), options_.replicas,
      options_.replica_timeout);
}

Co<absl::StatusOr<QueueStore::RenewResult>> QueueStore::Renew(std::vector<v1::HeldLease> leases) {
  Args args{partition_->tag(), Millis(options_.lease_time)};
  for (const v1::HeldLease& lease : leases) {
    args.push_back(lease.delivery_id());
    args.push_back(lease.lease_id());
  }
  auto reply = co_await partition_->client()->Eval(TheScripts().renew, {partition_->any_key()},
                                                   std::move(args));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 2) co_return Unexpected("renew");
  co_return RenewResult{.highest_waiting_class = static_cast<int>(NumberOf(parts[0])),
                        .lost = TakeStrings(std::move(parts[1]))};
}

Co<absl::StatusOr<QueueStore::CompleteResult>> QueueStore::Complete(
    std::vector<StorableCompletion> completions) {
  if (options_.second != nullptr) co_await WriteBounces(&completions);
  Args args{partition_->tag(),
            partition_->keep(),
            partition_->wake_channel(),
            partition_->waker(),
            absl::StrCat(options_.urgent_per_minute),
            demoted_,
            absl::StrCat(completions.size())};
  std::map<Fate, size_t> fates;
  for (StorableCompletion& completion : completions) {
    ++fates[completion.fate];
    Append(std::move(completion), &args);
  }
  auto reply = co_await partition_->client()->Eval(TheScripts().complete, {partition_->any_key()},
                                                   std::move(args));
  if (!reply.ok()) co_return reply.status();
  std::vector<Value> parts = reply->TakeArray();
  if (parts.size() != 1 && parts.size() != 3) co_return Unexpected("complete");
  CompleteResult result{.lost = TakeStrings(std::move(parts[0])), .outlook = {}};
  for (const auto& [fate, count] : fates) {
    TheFigures().Ended(fate).Increment(static_cast<double>(count));
  }
  TheFigures().leases_lost.Increment(static_cast<double>(result.lost.size()));
  if (parts.size() == 3) result.outlook = ToOutlook(NumberOf(parts[1]), NumberOf(parts[2]));
  co_return result;
}

std::optional<QueueStore::Outlook> QueueStore::Heard(std::string_view message) const {
  const std::vector<std::string> words = absl::StrSplit(ToAbsl(message), ' ');
  int64_t highest = 0;
  int64_t wait_ms = 0;
  if (words.size() != 3 || words[0] == partition_->waker() ||
      !absl::SimpleAtoi(words[1], &highest) || !absl::SimpleAtoi(words[2], &wait_ms)) {
    return std::nullopt;
  }
  return ToOutlook(highest, wait_ms);
}

Co<absl::Status> QueueStore::PutContent(std::string message_id, int piece, std::string frame) {
  if (options_.second != nullptr) {
    co_return co_await options_.second->WritePiece(std::move(message_id), piece, std::move(frame));
  }
  const std::string key = partition_->Key("content", PieceName(message_id, piece));
  const auto reply =
      co_await partition_->client()->Run(Command("SET", key, frame, "PX", Millis(kKeepPieces)));
  co_return reply.status();
}

Co<absl::StatusOr<std::string>> QueueStore::GetContent(std::string message_id, int piece) {
  Command read("MGET", partition_->Key("content", PieceName(message_id, piece)));
  if (piece == 0) read.Add(partition_->Key("content", message_id));
  auto reply = co_await partition_->client()->Run(std::move(read));
  if (!reply.ok()) co_return reply.status();
  for (Value& stored : reply->TakeArray()) {
    if (!stored.is_nil()) co_return stored.TakeString();
  }
  std::vector<std::string> args{partition_->tag(), message_id};
  auto place = co_await partition_->client()->Eval(TheScripts().locate, {partition_->any_key()},
                                                   std::move(args));
  if (!place.ok()) co_return place.status();
  std::vector<Value> parts = place->TakeArray();
  if (parts.size() != 2) co_return Unexpected("locate");
  const int64_t announced = NumberOf(parts[0]);
  std::string behind_record = parts[1].TakeString();
  if (piece == 0 && !behind_record.empty()) co_return behind_record;
  if (announced == 0) {
    co_return absl::NotFoundError(absl::StrCat("message ", message_id, " is not queued"));
  }
  if (options_.second == nullptr) {
    co_return absl::UnavailableError(
        absl::StrCat("content of message ", message_id,
                     " is in a second store, which redis.content does not name here"));
  }
  SecondStore::Name name{std::move(message_id), announced};
  co_return co_await options_.second->Read(std::move(name), piece);
}

Co<absl::Status> QueueStore::WriteContents(std::vector<StorableMessage>* messages) {
  std::vector<StorableMessage*> all;
  for (StorableMessage& message : *messages) all.push_back(&message);
  co_return co_await options_.second->Write(std::move(all), SecondStore::Pace::kPatient);
}

Co<void> QueueStore::WriteBounces(std::vector<StorableCompletion>* completions) {
  std::vector<StorableMessage*> bounces;
  for (StorableCompletion& completion : *completions) {
    for (StorableMessage& bounce : completion.bounce) bounces.push_back(&bounce);
  }
  if (bounces.empty()) co_return;
  // What has been delivered must be reported before the leases are over, or it is sent again: so
  // bounces do not wait for that store.
  const absl::Status written =
      co_await options_.second->Write(std::move(bounces), SecondStore::Pace::kHasty);
  if (!written.ok()) {
    log::Warn("content of bounces stays out of the second store: {}", written.ToString());
  }
}

Co<void> QueueStore::FetchContents(LeaseResult* result) {
  std::vector<SecondStore::Name> names;
  std::vector<Leased*> owners;
  for (Leased& leased : result->deliveries) {
    const bool comes_along = leased.content_pieces == 0 && leased.content_size <= kInlineContent;
    if (leased.announced == 0 || !comes_along) continue;
    names.push_back({leased.delivery_id.substr(0, leased.delivery_id.find('.')), leased.announced});
    owners.push_back(&leased);
  }
  auto contents = co_await options_.second->ReadSoon(std::move(names));
  for (size_t i = 0; i < owners.size(); ++i) owners[i]->content = std::move(contents[i]);
}

}  // namespace staffetta::queue
