#include "bench/queue/queue_load.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/base/ids.h"

namespace staffetta::bench {
namespace {

namespace pb = ::staffetta::queue::v1;

constexpr int kCallsInFlight = 64;
constexpr int kWorkers = 2;
// A worker reports beside its calls for leases; a line of WatchOne does one after the other.
constexpr int kWatchers = 2 * kWorkers;
constexpr int kCredits = 200;
constexpr int kReportsPerCall = 200;
constexpr int kLeaseWaitSeconds = 10;
constexpr int kAccounts = 10;
constexpr int kUrgentAccount = kAccounts + 1;
constexpr absl::Duration kStragglers = absl::Seconds(10);
constexpr std::chrono::milliseconds kPoll(5);

void AddMessage(int account, const std::string& recipient, int message_class, std::string content,
                pb::EnqueueRequest* request) {
  pb::NewMessage* message = request->add_messages();
  message->set_message_id(NewMessageId(0));
  mail::v1::Envelope* envelope = message->mutable_envelope();
  envelope->set_account_id(account);
  envelope->set_list_id(1);
  envelope->set_user(absl::StrCat("s", account, "_0"));
  envelope->set_sender("shop@bench.example");
  envelope->set_channel("shared");
  envelope->set_subject("Your order at the shop");
  envelope->set_client_address("127.0.0.1");
  message->add_recipients(recipient);
  message->set_class_(message_class);
  message->set_content(std::move(content));
}

pb::Completion Delivered(const pb::HeldLease& lease) {
  pb::Completion completion;
  completion.set_delivery_id(lease.delivery_id());
  completion.set_lease_id(lease.lease_id());
  completion.set_attempt(1);
  pb::RecipientOutcome* outcome = completion.add_outcomes();
  outcome->set_recipient("r@bulk.example");
  outcome->set_kind(pb::OUTCOME_KIND_DELIVERED);
  outcome->mutable_reply()->set_code(250);
  outcome->mutable_reply()->set_enhanced_code("2.0.0");
  outcome->mutable_reply()->set_text("Ok: queued as 4F1B32C0DE");
  outcome->mutable_reply()->set_host("mx.bulk.example [127.0.0.1]");
  return completion;
}

Co<void> SleepUntil(Executor executor, std::chrono::steady_clock::time_point time) {
  Timer timer(executor, time);
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(use_co, cancelled));
}

}  // namespace

QueueLoad::QueueLoad(Executor executor, std::shared_ptr<const rpc::Peer> queue)
    : executor_(executor), queue_(std::move(queue)), group_(executor, "load") {}

Co<absl::Status> QueueLoad::Together(std::vector<Co<void>> coroutines) {
  status_ = absl::OkStatus();
  for (Co<void>& coroutine : coroutines) group_.Spawn(std::move(coroutine));
  co_await group_.Wait();
  co_return status_;
}

Co<absl::Status> QueueLoad::Enqueue(Bulk bulk) {
  std::vector<Co<void>> callers;
  for (int i = 0; i < kCallsInFlight; ++i) callers.push_back(EnqueueSome(&bulk));
  co_return co_await Together(std::move(callers));
}

Co<void> QueueLoad::EnqueueSome(Bulk* left) {
  while (status_.ok() && left->count > 0) {
    pb::EnqueueRequest request;
    for (int i = 0; i < left->per_call && left->count > 0; ++i, --left->count) {
      const int64_t number = next_++;
      const std::string recipient =
          absl::StrCat("r", number, "@d", number % left->domains, ".bulk.example");
      AddMessage(static_cast<int>(1 + number % kAccounts), recipient, 5,
                 MakeContent(left->content, number), &request);
    }
    const auto response = co_await queue_.Call(&QueueClient::Async::Enqueue, std::move(request));
    if (!response.ok()) status_ = response.status();
  }
}

Co<absl::Status> QueueLoad::WatchLanes(Watch watch, Watched* watched) {
  last_.clear();
  const SteadyTime begin = std::chrono::steady_clock::now();
  std::vector<Co<void>> lines;
  for (int i = 0; i < kWatchers; ++i) lines.push_back(WatchOne(watch, begin, watched));
  co_return co_await Together(std::move(lines));
}

Co<void> QueueLoad::WatchOne(Watch watch, SteadyTime begin, Watched* watched) {
  const SteadyTime end = begin + absl::ToChronoNanoseconds(watch.time);
  const SteadyTime all_seen = begin + absl::ToChronoNanoseconds(watch.period);
  Timer pause(executor_);
  while (status_.ok() && std::chrono::steady_clock::now() < end) {
    if (watch.pace > 0 && std::chrono::steady_clock::now() < all_seen) {
      pause.expires_at(begin + std::chrono::nanoseconds(std::chrono::seconds(watched->leased)) /
                                   watch.pace);
      co_await pause.async_wait(use_co);
    }
    pb::LeaseRequest lease;
    lease.set_worker("bench");
    lease.set_credits(kCredits);
    lease.mutable_wait()->set_seconds(1);
    const auto leased = co_await queue_.Call(&QueueClient::Async::Lease, std::move(lease));
    if (!leased.ok()) status_ = leased.status();
    if (!leased.ok() || leased->deliveries().empty()) continue;
    const SteadyTime now = std::chrono::steady_clock::now();
    pb::CompleteRequest reports;
    for (const pb::LeasedDelivery& delivery : leased->deliveries()) {
      ++watched->leased;
      SteadyTime& last = last_[delivery.destination()];
      if (last != SteadyTime())
        watched->late.push_back(absl::FromChrono(now - last) - watch.period);
      last = now;
      pb::HeldLease held;
      held.set_delivery_id(delivery.delivery_id());
      held.set_lease_id(delivery.lease_id());
      *reports.add_completions() = Delivered(held);
    }
    const auto completed = co_await queue_.Call(&QueueClient::Async::Complete, std::move(reports));
    if (!completed.ok()) status_ = completed.status();
  }
}

Co<absl::Status> QueueLoad::Lease(int64_t count) {
  std::vector<Co<void>> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(LeaseSome(&count));
  co_return co_await Together(std::move(workers));
}

Co<void> QueueLoad::LeaseSome(int64_t* left) {
  while (status_.ok() && *left > 0) {
    const auto credits = static_cast<int>(std::min<int64_t>(*left, kCredits));
    *left -= credits;
    pb::LeaseRequest request;
    request.set_worker("bench");
    request.set_credits(credits);
    request.mutable_wait()->set_seconds(kLeaseWaitSeconds);
    auto response = co_await queue_.Call(&QueueClient::Async::Lease, std::move(request));
    if (!response.ok()) {
      status_ = response.status();
    } else if (response->deliveries().empty()) {
      status_ = absl::NotFoundError("the queue has nothing to lease");
    } else {
      *left += credits - response->deliveries_size();
      for (pb::LeasedDelivery& delivery : *response->mutable_deliveries()) {
        pb::HeldLease& lease = in_hand_.emplace_back();
        lease.set_delivery_id(std::move(*delivery.mutable_delivery_id()));
        lease.set_lease_id(std::move(*delivery.mutable_lease_id()));
      }
    }
  }
}

Co<absl::Status> QueueLoad::Complete() {
  std::vector<Co<void>> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(CompleteSome());
  co_return co_await Together(std::move(workers));
}

Co<void> QueueLoad::CompleteSome() {
  while (status_.ok() && !in_hand_.empty()) {
    pb::CompleteRequest request;
    for (int i = 0; i < kReportsPerCall && !in_hand_.empty(); ++i) {
      *request.add_completions() = Delivered(in_hand_.back());
      in_hand_.pop_back();
    }
    const auto response = co_await queue_.Call(&QueueClient::Async::Complete, std::move(request));
    if (!response.ok()) {
      status_ = response.status();
    } else if (response->lost_lease_ids_size() > 0) {
      status_ =
          absl::AbortedError(absl::StrCat("leases were lost: ", response->lost_lease_ids_size()));
    }
  }
}

Co<absl::Status> QueueLoad::SendUrgent(int rate, absl::Duration time, Urgent* urgent) {
  status_ = absl::OkStatus();
  urgent_.clear();
  urgent->sent = static_cast<int64_t>(rate * absl::ToDoubleSeconds(time));
  const SteadyTime begin = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < urgent->sent && status_.ok(); ++i) {
    co_await SleepUntil(executor_,
                        begin + i * std::chrono::nanoseconds(std::chrono::seconds(1)) / rate);
    group_.Spawn(SendOne(absl::StrCat("u", next_++, "@urgent.example")));
  }
  co_await group_.Wait();
  const auto missing = [this] {
    return std::any_of(urgent_.begin(), urgent_.end(),
                       [](const auto& each) { return each.second.delivered == SteadyTime(); });
  };
  const SteadyTime end = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(kStragglers);
  while (status_.ok() && missing() && std::chrono::steady_clock::now() < end) {
    co_await SleepUntil(executor_, std::chrono::steady_clock::now() + kPoll);
  }
  for (const auto& [recipient, times] : urgent_) {
    if (times.delivered == SteadyTime()) continue;
    urgent->accepted.push_back(absl::FromChrono(times.accepted - times.called));
    urgent->delivered.push_back(absl::FromChrono(times.delivered - times.accepted));
  }
  co_return status_;
}

Co<void> QueueLoad::SendOne(std::string recipient) {
  Times* const times = &urgent_[recipient];
  times->called = std::chrono::steady_clock::now();
  pb::EnqueueRequest request;
  AddMessage(kUrgentAccount, recipient, 1, MakeContent(Content::kLight, next_), &request);
  const auto response = co_await queue_.Call(&QueueClient::Async::Enqueue, std::move(request));
  times->accepted = std::chrono::steady_clock::now();
  if (!response.ok()) status_ = response.status();
}

void QueueLoad::Arrived(std::string_view recipient) {
  const auto found = urgent_.find(recipient);
  // A straggler of a call before is nobody's.
  if (found != urgent_.end()) found->second.delivered = std::chrono::steady_clock::now();
}

}  // namespace staffetta::bench
