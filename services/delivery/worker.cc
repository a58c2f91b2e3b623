#include "delivery/worker.h"

#include <absl/time/clock.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/net/tls_context.h"
#include "delivery/queue_messages.h"
#include "delivery/worker_log.h"

namespace staffetta::delivery {
namespace {

namespace pb = ::staffetta::queue::v1;

constexpr absl::Duration kLeaseWait = absl::Seconds(4);
constexpr absl::Duration kCallTimeout = absl::Seconds(10);
constexpr absl::Duration kContentTimeout = absl::Minutes(1);
constexpr absl::Duration kFirstLeaseTime = absl::Seconds(15);  // until the queue has told
constexpr absl::Duration kGather = absl::Milliseconds(2);      // room, before asking for little
constexpr int kReportsPerCall = 500;
constexpr int kRenewalsPerCall = 10000;
constexpr absl::Duration kForever = absl::Hours(24);

// Pauses between calls that fail: 100 ms, doubling to 1 s.
class Backoff {
 public:
  absl::Duration Next() { return std::exchange(pause_, std::min(pause_ * 2, absl::Seconds(1))); }
  void Reset() { pause_ = absl::Milliseconds(100); }

 private:
  absl::Duration pause_ = absl::Milliseconds(100);
};

google::protobuf::Duration ToProto(absl::Duration duration) {
  return google::protobuf::util::TimeUtil::NanosecondsToDuration(
      absl::ToInt64Nanoseconds(duration));
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// A call that another try will not help.
bool IsRefused(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status);
}

}  // namespace

Co<void> Worker::Wakeup::Wait(absl::Duration longest) {
  timer_.expires_after(absl::ToChronoNanoseconds(longest));
  boost::system::error_code woken;
  co_await timer_.async_wait(asio::redirect_error(use_co, woken));
}

Worker::Worker(Executor executor, const Options* options, std::shared_ptr<const rpc::Peer> queue,
               InboxStore* inbox, net::Resolver* resolver)
    : executor_(executor),
      options_(options),
      queue_(std::move(queue)),
      inbox_(inbox),
      name_(options->hostname + "-" + NewToken().substr(0, 6)),
      random_(std::random_device{}()),
      lease_time_(kFirstLeaseTime),
      room_(executor),
      report_(executor),
      renew_(executor),
      carriers_(executor, "delivery connections"),
      leasing_(executor, "delivery leases"),
      reporting_(executor, "delivery reports"),
      renewing_(executor, "delivery renewals") {
  site_context_.options = options;
  site_context_.client = {options->helo, options->connect_timeout, options->reply_timeout,
                          options->final_timeout, net::TlsContext::OpportunisticClient()};
  site_context_.search = {options->port, options->allow_networks};
  site_context_.resolver = resolver;
  site_context_.random = &random_;
  site_context_.group = &carriers_;
  site_context_.load = [this](Delivery* delivery) { return Load(delivery); };
  site_context_.done = [this](Delivery* delivery) { Done(delivery); };
  site_context_.idle = [this](const std::string& key) { sites_.erase(key); };
}

Worker::~Worker() = default;

void Worker::Start() {
  leasing_.Spawn(LeaseLoop());
  renewing_.Spawn(RenewLoop());
  reporting_.Spawn(CompleteLoop());
}

Co<void> Worker::Stop() {
  stopping_ = true;
  room_.Notify();
  leasing_.Cancel();
  // An idle site may leave the map while it stops.
  std::vector<Site*> sites;
  for (const auto& [key, site] : sites_) sites.push_back(site.get());
  for (Site* site : sites) site->Stop();
  co_await leasing_.Wait();
  TaskGroup grace(executor_, "delivery grace");
  grace.Spawn(CancelAfterGrace());
  co_await carriers_.Wait();
  grace.Cancel();
  co_await grace.Wait();
  finished_ = true;
  report_.Notify();
  co_await reporting_.Wait();
  renewing_.Cancel();
  renew_.Notify();
  co_await renewing_.Wait();
}

Co<void> Worker::CancelAfterGrace() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Timer timer(executor_, absl::ToChronoNanoseconds(options_->stop_grace));
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(use_co, cancelled));
  if (!cancelled) carriers_.Cancel();
}

Co<void> Worker::Room() {
  const size_t all = options_->prefetch;
  while (!stopping_ && working_ >= all) co_await room_.Wait(kForever);
  // Little room: a moment later there may be more, and one call does for all.
  if (!stopping_ && all - working_ < all / 4) co_await room_.Wait(kGather);
}

Co<void> Worker::LeaseLoop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Backoff backoff;
  while (true) {
    co_await Room();
    if (stopping_) co_return;
    if (working_ >= static_cast<size_t>(options_->prefetch)) continue;
    pb::LeaseRequest request;
    request.set_worker(name_);
    request.set_credits(options_->prefetch - static_cast<int>(working_));
    *request.mutable_wait() = ToProto(kLeaseWait);
    const Clock::time_point called = Clock::now();
    auto response = co_await queue_.Call(&QueueClient::Async::Lease, std::move(request),
                                         kLeaseWait + kCallTimeout);
    if (response.ok()) {
      backoff.Reset();
      Take(*std::move(response), called);
    } else if (!stopping_) {
      log::Warn("the queue gives no deliveries: {}", response.status().ToString());
      co_await room_.Wait(backoff.Next());
    }
  }
}

void Worker::Take(pb::LeaseResponse response, Clock::time_point called) {
  const Clock::time_point now = Clock::now();
  if (response.has_lease_time() && FromProto(response.lease_time()) != lease_time_) {
    lease_time_ = FromProto(response.lease_time());
    renew_.Notify();
  }
  // The lease began on the queue's side at some time since the call. The next renewal, at most a
  // third of the lease time away, makes it certain; an answer that took too long (this process was
  // stopped) counts for nothing.
  const bool stale = now - called > absl::ToChronoNanoseconds(kLeaseWait + lease_time_ / 3);
  const auto ends = stale ? now : now + absl::ToChronoNanoseconds(lease_time_ * 2 / 3);
  for (pb::LeasedDelivery& leased : *response.mutable_deliveries()) {
    auto held = std::make_unique<Held>();
    held->delivery = FromLeased(&leased);
    held->delivery.lease.ends = ends;
    Delivery* const delivery = &held->delivery;
    held_.emplace(delivery->lease_id, std::move(held));
    ++working_;
    Dispatch(delivery);
  }
  GiveWay(response.highest_waiting_class());
}

void Worker::Dispatch(Delivery* delivery) {
  delivery->start_time = absl::Now();
  if (stopping_) {
    Done(delivery);
    return;
  }
  if (delivery->expired) {
    carriers_.Spawn(Expire(delivery));
    return;
  }
  const Route route = ChooseRoute(delivery->channel, delivery->destination, options_->routes);
  if (std::holds_alternative<SandboxRoute>(route)) {
    carriers_.Spawn(Capture(delivery));
    return;
  }
  if (std::holds_alternative<NoRoute>(route)) {
    Decide(delivery, HeardFault(Stage::kDns, Fault::kUnknownChannel, delivery->channel));
    return;
  }
  std::unique_ptr<Site>& site = sites_[SiteKey(route)];
  if (!site) site = std::make_unique<Site>(route, &site_context_);
  site->Add(delivery);
}

void Worker::GiveWay(int highest_waiting_class) {
  // The queue has something more urgent than what fills this worker: what has not begun goes back.
  if (highest_waiting_class == 0 || working_ < static_cast<size_t>(options_->prefetch)) return;
  size_t wanted = std::max(1, options_->prefetch / 4);
  for (const auto& [key, site] : sites_) {
    while (wanted > 0) {
      Delivery* const delivery = site->TakeBack(highest_waiting_class);
      if (delivery == nullptr) break;
      --wanted;
      Done(delivery);
    }
  }
}

Co<void> Worker::Expire(Delivery* delivery) {
  co_await asio::this_coro::throw_if_cancelled(false);
  // For the header in the bounce; without it the bounce goes all the same.
  (void)co_await Load(delivery);
  const smtp::Reply& last = delivery->last_reply;
  Heard heard = HeardFault(Stage::kDns, Fault::kExpired);
  if (!last.text.empty()) {
    heard.reply.text += "; the last attempt heard: ";
    if (!delivery->last_host.empty()) heard.reply.text += delivery->last_host + ": ";
    heard.reply.text += InWords(last);
  }
  Decide(delivery, heard);
}

Co<void> Worker::Capture(Delivery* delivery) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const Fault missing = co_await Load(delivery);
  if (missing != Fault::kNone) {
    Decide(delivery, HeardFault(Stage::kDns, missing));
    co_return;
  }
  v1::CapturedMessage message;
  message.set_message_id(delivery->message_id);
  message.set_sender(delivery->sender);
  for (const std::string& recipient : delivery->recipients) message.add_recipients(recipient);
  message.set_subject(delivery->subject);
  *message.mutable_capture_time() =
      google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(absl::Now()));
  message.set_size(static_cast<int64_t>(delivery->content.size()));
  message.set_content(delivery->content);
  const auto number =
      co_await inbox_->Capture(delivery->account_id, delivery->id, std::move(message));
  if (!number.ok()) {
    log::Warn("the sandbox stores nothing: {}", number.status().ToString());
    Decide(delivery, HeardFault(Stage::kDns, Fault::kNoInbox));
    co_return;
  }
  Heard heard{Stage::kEndOfData, Fault::kNone, {250, {2, 0, 0}, ""}};
  heard.reply.text = "captured by the sandbox as number " + std::to_string(*number);
  Decide(delivery, heard);
}

Co<Fault> Worker::Load(Delivery* delivery) {
  if (static_cast<int64_t>(delivery->content.size()) >= delivery->content_size) {
    co_return Fault::kNone;
  }
  pb::GetContentRequest request;
  request.set_message_id(delivery->message_id);
  auto response =
      co_await queue_.Call(&QueueClient::Async::GetContent, std::move(request), kContentTimeout);
  if (response.ok()) {
    delivery->content = std::move(*response->mutable_content());
    co_return Fault::kNone;
  }
  const absl::Status& status = response.status();
  if (absl::IsCancelled(status) && stopping_) co_return Fault::kStopped;
  log::Warn("no content of message {}: {}", delivery->message_id, status.ToString());
  co_return absl::IsDataLoss(status) || absl::IsNotFound(status) ? Fault::kDamaged
                                                                 : Fault::kNoContent;
}

void Worker::Decide(Delivery* delivery, const Heard& heard) {
  const Verdict verdict = Classify(heard, {});
  if (verdict.kind != Kind::kHandBack) {
    delivery->outcomes.assign(delivery->recipients.size(), {verdict.kind, heard.reply, ""});
  }
  Done(delivery);
}

void Worker::Done(Delivery* delivery) {
  Held* const held = held_.at(delivery->lease_id).get();
  --working_;
  room_.Notify();
  LogAttempts(*delivery);
  if (delivery->lease.lost && delivery->outcomes.empty()) {
    Drop(held);
    return;
  }
  held->done = true;
  held->completion = ToCompletion(*delivery);
  const bool again =
      std::any_of(delivery->outcomes.begin(), delivery->outcomes.end(), [](const Outcome& outcome) {
        return outcome.kind == Kind::kDeferred || outcome.kind == Kind::kUnknown;
      });
  if (again) {
    const double chance = std::uniform_real_distribution<double>(0, 1)(random_);
    *held->completion.mutable_retry_after() =
        ToProto(RetryDelay(options_->retry, delivery->attempts, chance));
  }
  if (NeedsBounce(*delivery)) {
    const int partition = PartitionOfMessageId(delivery->message_id).value_or(0);
    const BounceFrom from{options_->hostname, NewMessageId(partition), absl::Now()};
    *held->completion.mutable_bounce() = BounceMessage(from, *delivery);
    LogBounces(*delivery, from.message_id);
  }
  delivery->content = {};
  reports_.push_back(held);
  report_.Notify();
}

void Worker::Drop(Held* held) {
  LogLost(held->delivery);
  held_.erase(std::string(held->delivery.lease_id));
}

Co<void> Worker::CompleteLoop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (true) {
    if (reports_.empty()) {
      if (finished_) co_return;
      co_await report_.Wait(kForever);
      continue;
    }
    const size_t count = std::min<size_t>(reports_.size(), kReportsPerCall);
    std::vector<Held*> batch(reports_.begin(), reports_.begin() + count);
    reports_.erase(reports_.begin(), reports_.begin() + count);
    co_await Complete(std::move(batch));
  }
}

Co<void> Worker::Complete(std::vector<Held*> batch) {
  Backoff backoff;
  while (!batch.empty()) {
    pb::CompleteRequest request;
    for (const Held* held : batch) *request.add_completions() = held->completion;
    auto response =
        co_await queue_.Call(&QueueClient::Async::Complete, std::move(request), kCallTimeout);
    if (response.ok()) {
      const std::set<std::string> lost(response->lost_delivery_ids().begin(),
                                       response->lost_delivery_ids().end());
      for (Held* held : batch) {
        if (lost.contains(held->delivery.id)) LogLost(held->delivery);
        held_.erase(std::string(held->delivery.lease_id));
      }
      co_return;
    }
    log::Warn("the queue takes no reports: {}", response.status().ToString());
    if (IsRefused(response.status())) {
      // One of them is at fault, and must not hold up the others.
      if (batch.size() == 1) {
        Drop(batch[0]);
        co_return;
      }
      for (Held* held : batch) co_await Complete({held});
      co_return;
    }
    Wakeup pause(executor_);
    co_await pause.Wait(backoff.Next());
    std::erase_if(batch, [this](Held* held) {
      const bool over = !held->delivery.lease.Holds();
      if (over) Drop(held);
      return over;
    });
  }
}

Co<void> Worker::RenewLoop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Backoff backoff;
  absl::Duration pause = lease_time_ / 3;
  while (!finished_ || !held_.empty()) {
    const absl::Duration known = lease_time_;
    co_await renew_.Wait(pause);
    if (held_.empty() || known != lease_time_) {
      pause = lease_time_ / 3;
      continue;
    }
    const absl::Status status = co_await RenewAll();
    if (status.ok()) {
      backoff.Reset();
      pause = lease_time_ / 3;
    } else {
      log::Warn("the queue renews no leases: {}", status.ToString());
      pause = backoff.Next();
    }
  }
}

Co<absl::Status> Worker::RenewAll() {
  std::vector<pb::HeldLease> leases;
  for (const auto& [lease_id, held] : held_) {
    pb::HeldLease& lease = leases.emplace_back();
    lease.set_delivery_id(held->delivery.id);
    lease.set_lease_id(lease_id);
  }
  for (size_t begin = 0; begin < leases.size(); begin += kRenewalsPerCall) {
    const size_t end = std::min(leases.size(), begin + kRenewalsPerCall);
    pb::RenewRequest request;
    for (size_t i = begin; i < end; ++i) *request.add_leases() = leases[i];
    const Clock::time_point called = Clock::now();
    auto response =
        co_await queue_.Call(&QueueClient::Async::Renew, std::move(request), lease_time_ / 3);
    if (!response.ok()) co_return response.status();
    const auto ends = called + absl::ToChronoNanoseconds(lease_time_);
    const std::set<std::string> lost(response->lost_delivery_ids().begin(),
                                     response->lost_delivery_ids().end());
    for (size_t i = begin; i < end; ++i) {
      // One that is done may have been reported meanwhile: that answer counts, not this one.
      const auto found = held_.find(leases[i].lease_id());
      if (found == held_.end()) continue;
      if (!lost.contains(leases[i].delivery_id())) {
        found->second->delivery.lease.ends = ends;
      } else if (!found->second->done) {
        found->second->delivery.lease.lost = true;
      }
    }
    GiveWay(response->highest_waiting_class());
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::delivery
