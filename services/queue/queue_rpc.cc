#include "queue/queue_rpc.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "common/base/beside.h"
#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/rpc/times.h"
#include "queue/admin_rules.h"
#include "queue/content.h"
#include "queue/messages.h"

namespace staffetta::queue {
namespace {

constexpr int kMostEnqueued = 1000;
constexpr int kMostCredits = 1000;
constexpr size_t kLongestWorker = 64;
constexpr absl::Duration kLongestWait = absl::Seconds(60);
constexpr int kMostRenewed = 10000;
constexpr int kMostCompleted = 1000;
constexpr int kMostPieces = 10000;
constexpr size_t kLargestPiece = 1 << 20;
constexpr int kDefaultPage = 100;
constexpr int kLargestPage = 1000;
// Messages that one enqueue script writes: enough to share its cost, short enough not to hold up
// the others.
constexpr size_t kEnqueueBatch = 32;

absl::Status OutOfRange(const char* field, int value, int from, int to) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", value, " is not ", from, "…", to));
}

}  // namespace

QueueRpc::QueueRpc(const std::vector<Stores>& partitions, Scheduler* scheduler, TaskGroup* group,
                   std::string key, Options options)
    : scheduler_(scheduler),
      group_(group),
      options_(options),
      dispatcher_(group->executor(), std::move(key), "queue") {
  for (const Stores& partition : partitions) Add(partition);
}

void QueueRpc::Offer(rpc::DirectMethods* direct) {
  direct->Add(&dispatcher_, this, &QueueRpc::DoEnqueue);
  direct->Add(&dispatcher_, this, &QueueRpc::DoLease, &QueueRpc::Unlease);
  direct->Add(&dispatcher_, this, &QueueRpc::DoRenew);
  direct->Add(&dispatcher_, this, &QueueRpc::DoComplete);
  direct->Add(&dispatcher_, this, &QueueRpc::DoPutContent);
  direct->Add(&dispatcher_, this, &QueueRpc::DoGetContent);
}

void QueueRpc::Add(Stores partition) {
  const size_t i = partitions_.size();
  partitions_.push_back(partition);
  enqueued_.push_back(std::make_unique<Batcher<StorableMessage>>(
      group_, kEnqueueBatch, Batcher<StorableMessage>::Pace::kOneByOne,
      [scheduler = scheduler_, i](std::vector<StorableMessage> batch) {
        return scheduler->Enqueue(i, std::move(batch));
      }));
}

void QueueRpc::SetDurability(v1::Durability durability) {
  durability_ = durability;
  options_.records.level = durability == v1::DURABILITY_REPLICATED ? "replicated"
                           : durability == v1::DURABILITY_VOLATILE ? "volatile"
                                                                   : "synced";
}

Co<absl::Status> QueueRpc::DoEnqueue(const v1::EnqueueRequest* request,
                                     v1::EnqueueResponse* response) {
  const int count = request->messages_size();
  if (count < 1 || count > kMostEnqueued) co_return OutOfRange("messages", count, 1, kMostEnqueued);
  response->set_durability(durability_);
  struct Part {
    std::vector<int> places;  // in the request
    std::vector<StorableMessage> messages;
    Batcher<StorableMessage>::Ticket ticket;
  };
  std::map<size_t, Part> parts;  // by partition
  std::vector<Receipt> receipts(count);
  for (int i = 0; i < count; ++i) {
    v1::EnqueueResult* const result = response->add_results();
    auto message = ToStorable(request->messages(i), options_.records);
    const auto partition = message.ok() ? PartitionOf(message->id, partitions_.size())
                                        : absl::StatusOr<size_t>(message.status());
    if (!partition.ok()) {
      result->set_refusal(std::string(partition.status().message()));
      continue;
    }
    message->receipt = &receipts[i];
    parts[*partition].places.push_back(i);
    parts[*partition].messages.push_back(*std::move(message));
  }
  for (auto& [partition, part] : parts) {
    part.ticket = enqueued_[partition]->Add(std::move(part.messages));
  }
  for (auto& [partition, part] : parts) {
    const absl::Status status = co_await enqueued_[partition]->Written(part.ticket);
    // Where there is but one partition the caller learns what kind of failure it was.
    if (!status.ok() && parts.size() == 1) co_return status;
    for (const int i : part.places) {
      v1::EnqueueResult* const result = response->mutable_results(i);
      result->set_message_id(receipts[i].id);
      result->set_demoted(receipts[i].message_class > request->messages(i).class_());
      if (!status.ok()) {
        result->set_refusal(std::string(status.message()));
      } else if (receipts[i].id.empty()) {
        result->set_refusal("content_pieces: one of them is not here (any more)");
      }
    }
  }
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoLease(const v1::LeaseRequest* request, v1::LeaseResponse* response) {
  if (request->credits() < 0 || request->credits() > kMostCredits) {
    co_return OutOfRange("credits", request->credits(), 0, kMostCredits);
  }
  if (request->express_credits() < 0 || request->express_credits() > kMostCredits) {
    co_return OutOfRange("express_credits", request->express_credits(), 0, kMostCredits);
  }
  if (request->credits() + request->express_credits() == 0) {
    co_return absl::InvalidArgumentError("credits: there is none");
  }
  if (request->worker().size() > kLongestWorker) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("worker: longer than ", kLongestWorker, " characters"));
  }
  const absl::Duration wait = std::min(rpc::FromProto(request->wait()), kLongestWait);
  auto leased = co_await scheduler_->Lease({.worker = request->worker(),
                                            .credits = request->credits(),
                                            .express = request->express_credits()},
                                           wait);
  if (!leased.ok()) co_return leased.status();
  response->set_highest_waiting_class(scheduler_->HighestWaiting());
  *response->mutable_lease_time() = rpc::ToProto(options_.lease_time);
  std::vector<StorableCompletion> damaged;
  for (QueueStore::Leased& delivery : leased->deliveries) {
    StorableCompletion aside{
        .delivery_id = delivery.delivery_id, .lease_id = delivery.lease_id, .fate = Fate::kAside};
    const absl::Status status =
        ToProto(std::move(delivery), leased->now, response->add_deliveries());
    if (status.ok()) continue;
    log::Error("{} is set aside: {}", aside.delivery_id, status.ToString());
    response->mutable_deliveries()->RemoveLast();
    aside.changes.push_back(SetAsideChange(std::string(status.message())));
    damaged.push_back(std::move(aside));
  }
  if (!damaged.empty()) group_->Spawn(SetAside(std::move(damaged)));
  co_return absl::OkStatus();
}

Co<void> QueueRpc::SetAside(std::vector<StorableCompletion> damaged) {
  for (StorableCompletion& completion : damaged) {
    const auto partition = PartitionOf(completion.delivery_id, partitions_.size());
    if (!partition.ok()) continue;
    std::vector<StorableCompletion> one;
    one.push_back(std::move(completion));
    const auto result = co_await partitions_[*partition].queue->Complete(std::move(one));
    if (!result.ok()) log::Warn("not set aside yet: {}", result.status().ToString());
  }
}

Co<void> QueueRpc::Unlease(v1::LeaseResponse response) {
  v1::CompleteRequest untouched;
  for (v1::LeasedDelivery& each : *response.mutable_deliveries()) {
    v1::Completion* const completion = untouched.add_completions();
    completion->set_delivery_id(std::move(*each.mutable_delivery_id()));
    completion->set_lease_id(std::move(*each.mutable_lease_id()));
  }
  if (untouched.completions().empty()) co_return;
  v1::CompleteResponse ended;
  const absl::Status status = co_await DoComplete(&untouched, &ended);
  if (!status.ok()) {
    log::Warn("handing back failed, the leases will run out: {}", status.ToString());
  }
}

Co<absl::Status> QueueRpc::DoRenew(const v1::RenewRequest* request, v1::RenewResponse* response) {
  if (request->leases_size() > kMostRenewed) {
    co_return absl::InvalidArgumentError(absl::StrCat("leases: more than ", kMostRenewed));
  }
  std::map<size_t, std::vector<v1::HeldLease>> by_partition;
  for (const v1::HeldLease& lease : request->leases()) {
    const auto partition = PartitionOf(lease.delivery_id(), partitions_.size());
    if (!partition.ok()) co_return partition.status();
    by_partition[*partition].push_back(lease);
  }
  // All at once: where one does not answer, the others' leases must not run out.
  std::map<size_t, Beside<absl::StatusOr<QueueStore::RenewResult>>> renewals;
  for (const auto& [partition, leases] : by_partition) {
    renewals.emplace(std::piecewise_construct, std::forward_as_tuple(partition),
                     std::forward_as_tuple(group_, partitions_[partition].queue->Renew(leases)));
  }
  int highest = 0;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    if (!renewals.contains(i)) highest = HigherClass(highest, scheduler_->HighestWaiting(i));
  }
  absl::Status status;
  for (auto& [partition, renewal] : renewals) {
    auto result = co_await renewal.Result();
    if (!result.ok()) {
      status = result.status();
      for (const v1::HeldLease& lease : by_partition[partition]) {
        response->add_unanswered_lease_ids(lease.lease_id());
      }
      continue;
    }
    highest = HigherClass(highest, result->highest_waiting_class);
    for (std::string& lost : result->lost) response->add_lost_lease_ids(std::move(lost));
  }
  response->set_highest_waiting_class(highest);
  const bool none = response->unanswered_lease_ids_size() == request->leases_size();
  co_return none ? status : absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoComplete(const v1::CompleteRequest* request,
                                      v1::CompleteResponse* response) {
  if (request->completions_size() > kMostCompleted) {
    co_return absl::InvalidArgumentError(absl::StrCat("completions: more than ", kMostCompleted));
  }
  struct Part {
    std::vector<std::string> leases;
    std::vector<StorableCompletion> completions;
  };
  std::map<size_t, Part> parts;  // by partition
  for (const v1::Completion& completion : request->completions()) {
    auto storable = ToStorable(completion, options_.records, absl::Now());
    if (!storable.ok()) co_return storable.status();
    const auto partition = PartitionOf(storable->delivery_id, partitions_.size());
    if (!partition.ok()) co_return partition.status();
    parts[*partition].leases.push_back(completion.lease_id());
    parts[*partition].completions.push_back(*std::move(storable));
  }
  std::map<size_t, Beside<absl::StatusOr<QueueStore::CompleteResult>>> ends;
  for (auto& [partition, part] : parts) {
    ends.emplace(std::piecewise_construct, std::forward_as_tuple(partition),
                 std::forward_as_tuple(
                     group_, partitions_[partition].queue->Complete(std::move(part.completions))));
  }
  absl::Status status;
  for (auto& [partition, end] : ends) {
    auto result = co_await end.Result();
    if (!result.ok()) {
      status = result.status();
      for (std::string& lease : parts[partition].leases) {
        response->add_unanswered_lease_ids(std::move(lease));
      }
      continue;
    }
    for (std::string& lease : result->lost) response->add_lost_lease_ids(std::move(lease));
    if (result->outlook) scheduler_->Hear(partition, *result->outlook);
  }
  const bool none = response->unanswered_lease_ids_size() == request->completions_size();
  co_return none ? status : absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoPutContent(const v1::PutContentRequest* request,
                                        v1::PutContentResponse*) {
  const auto partition = PartitionOf(request->message_id(), partitions_.size());
  if (!partition.ok()) co_return partition.status();
  if (request->piece() < 0 || request->piece() >= kMostPieces) {
    co_return OutOfRange("piece", request->piece(), 0, kMostPieces - 1);
  }
  if (request->content().size() > kLargestPiece) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("content: larger than ", kLargestPiece, " bytes"));
  }
  co_return co_await partitions_[*partition].queue->PutContent(
      request->message_id(), request->piece(),
      CompressContent(request->content(), options_.records.compression_level));
}

Co<absl::Status> QueueRpc::DoGetContent(const v1::GetContentRequest* request,
                                        v1::GetContentResponse* response) {
  const auto partition = PartitionOf(request->message_id(), partitions_.size());
  if (!partition.ok()) co_return partition.status();
  const auto stored =
      co_await partitions_[*partition].queue->GetContent(request->message_id(), request->piece());
  if (!stored.ok()) co_return stored.status();
  auto content = DecompressContent(*stored);
  if (!content.ok()) co_return content.status();
  response->set_content(*std::move(content));
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoGetStats(const v1::GetStatsRequest*, v1::GetStatsResponse* response) {
  const auto sum = co_await StatsOf(partitions_);
  if (!sum.ok()) co_return sum.status();
  response->set_messages(sum->messages);
  response->set_due_later(sum->due);
  response->set_leased(sum->leased);
  response->set_paused(sum->paused);
  response->set_set_aside(sum->aside + sum->suspects);
  response->set_expired(sum->expired);
  response->set_closed_gates(
      std::accumulate(sum->closed_gates.begin(), sum->closed_gates.end(), int64_t{0}));
  response->set_holds(std::accumulate(sum->holds.begin(), sum->holds.end(), int64_t{0}));
  if (sum->last_asked != absl::InfinitePast()) {
    *response->mutable_last_asked_time() = rpc::ToProto(sum->last_asked);
  }
  for (size_t c = 1; c < sum->classes.size(); ++c) {
    v1::ClassStats* const out = response->add_classes();
    out->set_class_(static_cast<int>(c));
    out->set_ready(sum->classes[c].ready);
    if (sum->classes[c].oldest != absl::InfiniteFuture()) {
      *out->mutable_oldest_time() = rpc::ToProto(sum->classes[c].oldest);
    }
  }
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoListDeliveries(const v1::ListDeliveriesRequest* request,
                                            v1::ListDeliveriesResponse* response) {
  const int size =
      request->page_size() > 0 ? std::min(request->page_size(), kLargestPage) : kDefaultPage;
  v1::Selector selector = request->selector();
  if (request->account_id() != 0) selector.set_account_id(request->account_id());
  const absl::Status valid = CheckSelector(&selector);
  if (!valid.ok()) co_return valid;
  auto page = co_await ListFrom(partitions_, request->page_token(), size);
  if (!page.ok()) co_return page.status();
  for (const AdminStore::Described& described : page->description.deliveries) {
    v1::QueuedDelivery delivery = ToProto(described);
    if (Fits(selector, delivery, page->description.now)) {
      *response->add_deliveries() = std::move(delivery);
    }
  }
  response->set_next_page_token(page->next);
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoGetQueuedMessage(const v1::GetQueuedMessageRequest* request,
                                              v1::GetQueuedMessageResponse* response) {
  const auto described = co_await DescribeMessage(partitions_, request->message_id());
  if (!described.ok()) co_return described.status();
  for (const AdminStore::Described& delivery : described->deliveries) {
    *response->add_deliveries() = ToProto(delivery);
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::queue
