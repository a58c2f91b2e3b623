#include "queue/queue_rpc.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "queue/content.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {
namespace {

using events::v1::Event;

constexpr int kMostCredits = 1000;
constexpr absl::Duration kLongestWait = absl::Seconds(60);
constexpr int kMostRenewed = 10000;
constexpr int kMostCompleted = 1000;
constexpr int kDefaultPage = 100;
constexpr int kLargestPage = 1000;
// Messages that one enqueue script writes: enough to share its cost, short enough not to hold up
// the others.
constexpr size_t kEnqueueBatch = 32;

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t ms = absl::ToUnixMillis(time);
  proto.set_seconds(ms / 1000);
  proto.set_nanos(static_cast<int32_t>(ms % 1000 * 1'000'000));
  return proto;
}

std::string DestinationOf(const Event& part) {
  if (part.recipients().empty()) return {};
  const std::string& recipient = part.recipients(0);
  std::string domain = recipient.substr(recipient.rfind('@') + 1);
  std::transform(domain.begin(), domain.end(), domain.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return domain;
}

absl::Status ToProto(QueueStore::Leased leased, absl::Time now, v1::LeasedDelivery* out) {
  Event part;
  // Merged: the message's part, then the delivery's (lua/common.lua).
  if (!part.ParseFromString(leased.message_part + leased.delivery_part)) {
    return absl::DataLossError(absl::StrCat("record of ", leased.delivery_id, " is damaged"));
  }
  if (!leased.content.empty()) {
    auto content = DecompressContent(leased.content);
    if (!content.ok()) return content.status();
    out->set_content(*std::move(content));
  }
  out->set_destination(DestinationOf(part));
  out->set_delivery_id(std::move(leased.delivery_id));
  out->set_lease_id(std::move(leased.lease_id));
  out->set_message_id(part.message_id());
  out->mutable_envelope()->Swap(part.mutable_envelope());
  out->mutable_recipients()->Swap(part.mutable_recipients());
  out->set_class_(leased.message_class);
  out->set_attempts(leased.attempts);
  *out->mutable_accept_time() = ToProto(leased.accepted);
  *out->mutable_expire_time() = ToProto(leased.expires);
  out->set_expired(leased.expires <= now);
  out->set_content_size(leased.content_size);
  if (part.has_reply()) out->mutable_last_reply()->Swap(part.mutable_reply());
  return absl::OkStatus();
}

v1::QueuedDelivery ToProto(const QueueStore::Described& described) {
  v1::QueuedDelivery out;
  Event part;
  part.ParseFromString(described.message_part + described.delivery_part);
  out.set_delivery_id(described.delivery_id);
  out.set_state(described.state);
  out.set_destination(DestinationOf(part));
  out.mutable_envelope()->Swap(part.mutable_envelope());
  out.mutable_recipients()->Swap(part.mutable_recipients());
  out.set_class_(described.message_class);
  out.set_attempts(described.attempts);
  *out.mutable_accept_time() = ToProto(described.accepted);
  *out.mutable_expire_time() = ToProto(described.expires);
  if (described.until != absl::InfiniteFuture()) *out.mutable_due_time() = ToProto(described.until);
  if (part.has_reply()) out.mutable_last_reply()->Swap(part.mutable_reply());
  return out;
}

// A batch is one script and one round trip, however many messages came at once.
Co<absl::Status> WriteBatch(QueueStore* store, Scheduler* scheduler,
                            std::vector<StorableMessage> batch) {
  absl::Status status = co_await store->Enqueue(std::move(batch));
  if (status.ok()) scheduler->Wake();
  co_return status;
}

}  // namespace

QueueRpc::QueueRpc(QueueStore* store, Scheduler* scheduler, TaskGroup* group, std::string key,
                   Options options)
    : store_(store),
      scheduler_(scheduler),
      options_(options),
      enqueued_(group, kEnqueueBatch,
                [store, scheduler](std::vector<StorableMessage> batch) {
                  return WriteBatch(store, scheduler, std::move(batch));
                }),
      dispatcher_(group->executor(), std::move(key), "queue") {}

Co<absl::Status> QueueRpc::DoEnqueue(const v1::EnqueueRequest* request,
                                     v1::EnqueueResponse* response) {
  auto message = ToStorable(request->message(), options_.records, absl::Now());
  if (!message.ok()) co_return message.status();
  response->set_durability(options_.durability);
  response->set_message_id(message->id);
  co_return co_await enqueued_.Submit(*std::move(message));
}

Co<absl::Status> QueueRpc::DoLease(const v1::LeaseRequest* request, v1::LeaseResponse* response) {
  if (request->credits() < 1 || request->credits() > kMostCredits) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("credits: ", request->credits(), " is not 1…", kMostCredits));
  }
  const absl::Duration wait = std::min(
      absl::Seconds(request->wait().seconds()) + absl::Nanoseconds(request->wait().nanos()),
      kLongestWait);
  auto leased = co_await scheduler_->Lease(request->credits(), wait);
  if (!leased.ok()) co_return leased.status();
  response->set_highest_waiting_class(leased->highest_waiting_class);
  response->mutable_lease_time()->set_seconds(absl::ToInt64Seconds(options_.lease_time));
  for (QueueStore::Leased& delivery : leased->deliveries) {
    const absl::Status status =
        ToProto(std::move(delivery), leased->now, response->add_deliveries());
    // One damaged record must not take the others with it: its lease runs out, theirs are served.
    if (!status.ok()) {
      log::Error("a delivery cannot be handed out: {}", status.ToString());
      response->mutable_deliveries()->RemoveLast();
    }
  }
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoRenew(const v1::RenewRequest* request, v1::RenewResponse* response) {
  if (request->leases_size() > kMostRenewed) {
    co_return absl::InvalidArgumentError(absl::StrCat("leases: more than ", kMostRenewed));
  }
  auto result = co_await store_->Renew({request->leases().begin(), request->leases().end()});
  if (!result.ok()) co_return result.status();
  response->set_highest_waiting_class(result->highest_waiting_class);
  for (std::string& lost : result->lost) response->add_lost_delivery_ids(std::move(lost));
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoComplete(const v1::CompleteRequest* request,
                                      v1::CompleteResponse* response) {
  if (request->completions_size() > kMostCompleted) {
    co_return absl::InvalidArgumentError(absl::StrCat("completions: more than ", kMostCompleted));
  }
  std::vector<StorableCompletion> completions;
  bool work_is_left = false;
  for (const v1::Completion& completion : request->completions()) {
    auto storable = ToStorable(completion, options_.records, absl::Now());
    if (!storable.ok()) co_return storable.status();
    work_is_left |= storable->fate != Fate::kDone || !storable->bounce.empty();
    completions.push_back(*std::move(storable));
  }
  if (completions.empty()) co_return absl::OkStatus();
  auto lost = co_await store_->Complete(std::move(completions));
  if (!lost.ok()) co_return lost.status();
  for (std::string& delivery : *lost) response->add_lost_delivery_ids(std::move(delivery));
  if (work_is_left) scheduler_->Wake();
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoGetContent(const v1::GetContentRequest* request,
                                        v1::GetContentResponse* response) {
  const auto stored = co_await store_->GetContent(request->message_id());
  if (!stored.ok()) co_return stored.status();
  auto content = DecompressContent(*stored);
  if (!content.ok()) co_return content.status();
  response->set_content(*std::move(content));
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoGetStats(const v1::GetStatsRequest*, v1::GetStatsResponse* response) {
  const auto stats = co_await store_->GetStats();
  if (!stats.ok()) co_return stats.status();
  for (size_t c = 1; c < stats->ready.size(); ++c) {
    v1::ClassStats* out = response->add_classes();
    out->set_class_(static_cast<int>(c));
    out->set_ready(stats->ready[c]);
  }
  response->set_due_later(stats->due_later);
  response->set_leased(stats->leased);
  response->set_messages(stats->messages);
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoListDeliveries(const v1::ListDeliveriesRequest* request,
                                            v1::ListDeliveriesResponse* response) {
  const int size =
      request->page_size() > 0 ? std::min(request->page_size(), kLargestPage) : kDefaultPage;
  auto page = co_await store_->List(request->page_token(), size);
  if (!page.ok()) co_return page.status();
  for (const QueueStore::Described& described : page->deliveries) {
    v1::QueuedDelivery delivery = ToProto(described);
    if (request->account_id() != 0 && delivery.envelope().account_id() != request->account_id()) {
      continue;
    }
    *response->add_deliveries() = std::move(delivery);
  }
  response->set_next_page_token(page->next);
  co_return absl::OkStatus();
}

Co<absl::Status> QueueRpc::DoGetQueuedMessage(const v1::GetQueuedMessageRequest* request,
                                              v1::GetQueuedMessageResponse* response) {
  const auto described = co_await store_->DescribeMessage(request->message_id());
  if (!described.ok()) co_return described.status();
  if (described->empty()) {
    co_return absl::NotFoundError(absl::StrCat("message ", request->message_id(),
                                               " is not queued: it is finished, or never was"));
  }
  for (const QueueStore::Described& delivery : *described) {
    *response->add_deliveries() = ToProto(delivery);
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::queue
