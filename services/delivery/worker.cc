#include "delivery/worker.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/rpc/times.h"
#include "delivery/figures.h"
#include "delivery/queue_messages.h"
#include "delivery/worker_log.h"

namespace staffetta::delivery {
namespace {

namespace pb = ::staffetta::queue::v1;

constexpr absl::Duration kLeaseWait = absl::Seconds(4);
constexpr absl::Duration kCallTimeout = absl::Seconds(10);
constexpr absl::Duration kFirstLeaseTime = absl::Seconds(15);  // until the queue has told
constexpr absl::Duration kGather = absl::Milliseconds(2);      // room or reports
constexpr size_t kReportsPerCall = 128;  // more would keep Redis from urgent mail
constexpr size_t kReportBytesPerCall = 4 << 20;
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

// A call that another try may help, as it is.
bool IsUnanswered(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsCancelled(status) || absl::IsUnauthenticated(status);
}

std::set<std::string> SetOf(const google::protobuf::RepeatedPtrField<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

}  // namespace

Co<void> Worker::Wakeup::Wait(absl::Duration longest) {
  timer_.expires_after(absl::ToChronoNanoseconds(longest));
  boost::system::error_code woken;
  co_await timer_.async_wait(asio::redirect_error(use_co, woken));
}

Worker::Worker(WorkerKind kind, Executor executor, const Options* options,
               std::shared_ptr<const rpc::Peer> queue, InboxStore* inbox, net::Resolver* resolver,
               std::shared_ptr<const net::TlsContext> tls, Egress* egress)
    : kind_(kind),
      executor_(executor),
      options_(options),
      queue_(queue),
      inbox_(inbox),
      name_(options->hostname + "-" + NewToken().substr(0, 6)),
      random_(std::random_device{}()),
      lease_time_(kFirstLeaseTime),
      report_(executor),
      repeat_(executor),
      renew_(executor),
      carriers_(executor, "delivery connections"),
      content_(std::move(queue), &carriers_),
      room_(executor, options->max_whole_content),
      leasing_(executor, "delivery leases"),
      reporting_(executor, "delivery reports"),
      renewing_(executor, "delivery renewals") {
  const bool express = kind == WorkerKind::kExpress;
  const int room = express ? options->express_prefetch : options->prefetch;
  for (const int share : {(room + 1) / 2, room / 2}) {
    if (share > 0) lines_.emplace_back(executor, share);
  }
  site_context_.options = options;
  site_context_.connections =
      express ? options->express_connections : options->connections_per_site;
  site_context_.client = {options->helo,
                          options->connect_timeout,
                          options->reply_timeout,
                          options->final_timeout,
                          std::move(tls),
                          egress,
                          &content_};
  site_context_.search = {options->port, options->allow_networks};
  site_context_.resolver = resolver;
  site_context_.random = &random_;
  site_context_.group = &carriers_;
  site_context_.ready = [this](Delivery* delivery) { return MakeReady(delivery); };
  site_context_.whole = [this](Delivery* delivery) { return MakeWhole(delivery); };
  site_context_.unready = [this](Delivery* delivery) { MakeUnready(delivery); };
  site_context_.done = [this](Delivery* delivery) { Done(delivery); };
  site_context_.idle = [this](const std::string& key) { sites_.erase(key); };
}

Worker::~Worker() = default;

void Worker::Start() {
  for (Line& line : lines_) leasing_.Spawn(LeaseLoop(&line));
  renewing_.Spawn(RenewLoop());
  reporting_.Spawn(CompleteLoop());
  reporting_.Spawn(RepeatLoop());
}

Co<void> Worker::Stop() {
  stopping_ = true;
  content_.Stop();
  for (Line& line : lines_) line.room.Notify();
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
  // Leases are not renewed any more: what cannot be reported ends with them.
  finished_ = true;
  report_.Notify();
  renew_.Notify();
  co_await reporting_.Wait();
  renewing_.Cancel();
  co_await renewing_.Wait();
}

Co<void> Worker::CancelAfterGrace() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Timer timer(executor_, absl::ToChronoNanoseconds(options_->stop_grace));
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(use_co, cancelled));
  if (!cancelled) carriers_.Cancel();
}

Co<void> Worker::Room(Line* line) {
  const size_t all = line->capacity;
  while (!stopping_ && line->working >= all) co_await line->room.Wait(kForever);
  // Little room: a moment later there may be more, and one call does for all.
  if (!stopping_ && all - line->working < all / 4) co_await line->room.Wait(kGather);
}

Co<void> Worker::LeaseLoop(Line* line) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Backoff backoff;
  while (true) {
    co_await Room(line);
    if (stopping_) co_return;
    if (line->working >= line->capacity) continue;
    const int room = static_cast<int>(line->capacity - line->working);
    pb::LeaseRequest request;
    request.set_worker(name_);
    if (kind_ == WorkerKind::kExpress) {
      request.set_express_credits(room);
    } else {
      request.set_credits(room);
    }
    *request.mutable_wait() = rpc::ToProto(kLeaseWait);
    const Clock::time_point called = Clock::now();
    auto response = co_await queue_.Call(&QueueClient::Async::Lease, std::move(request),
                                         kLeaseWait + kCallTimeout);
    if (response.ok()) {
      backoff.Reset();
      Take(*std::move(response), called, line);
    } else if (!stopping_) {
      log::Warn("the queue gives no deliveries: {}", response.status().ToString());
      co_await line->room.Wait(backoff.Next());
    }
  }
}

void Worker::Take(pb::LeaseResponse response, Clock::time_point called, Line* line) {
  const Clock::time_point now = Clock::now();
  if (response.has_lease_time() && rpc::FromProto(response.lease_time()) != lease_time_) {
    lease_time_ = rpc::FromProto(response.lease_time());
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
    held->delivery.lease.begin = now;
    held->delivery.lease.ends = ends;
    held->line = line;
    Delivery* const delivery = &held->delivery;
    held_.emplace(delivery->lease_id, std::move(held));
    ++line->working;
    Dispatch(delivery);
  }
  GiveWay(response.highest_waiting_class());
}

std::vector<Worker::Held*> Worker::TakeBatch(std::vector<Held*>* reports) {
  size_t count = 0;
  size_t bytes = 0;
  while (count < std::min(reports->size(), kReportsPerCall) && bytes < kReportBytesPerCall) {
    bytes += (*reports)[count++]->completion.ByteSizeLong();
  }
  std::vector<Held*> batch(reports->begin(), reports->begin() + count);
  reports->erase(reports->begin(), reports->begin() + count);
  return batch;
}

Co<void> Worker::CompleteLoop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Backoff backoff;
  while (!finished_ || !reports_.empty()) {
    if (reports_.empty()) {
      co_await report_.Wait(kForever);
      continue;
    }
    std::vector<Held*> batch = TakeBatch(&reports_);
    const size_t all = batch.size();
    const std::vector<Held*> again = co_await Complete(std::move(batch));
    unanswered_.insert(unanswered_.end(), again.begin(), again.end());
    if (!again.empty()) repeat_.Notify();
    // The first report after a quiet time goes at once; in busy times one call takes many.
    Wakeup pause(executor_);
    if (again.size() == all) {
      co_await pause.Wait(backoff.Next());
    } else if (!finished_) {
      backoff.Reset();
      co_await pause.Wait(kGather);
    }
  }
  reported_ = true;
  repeat_.Notify();
}

// Beside the first reports: those may be for partitions of the queue that do answer.
Co<void> Worker::RepeatLoop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Backoff backoff;
  while (!reported_ || !unanswered_.empty()) {
    if (unanswered_.empty()) {
      backoff.Reset();
      co_await repeat_.Wait(kForever);
      continue;
    }
    Wakeup pause(executor_);
    co_await pause.Wait(backoff.Next());
    std::vector<Held*> reports = std::exchange(unanswered_, {});
    std::erase_if(reports, [this](Held* held) {
      const bool over = !held->delivery.lease.Holds();
      if (over) Drop(held);
      return over;
    });
    while (!reports.empty()) {
      const std::vector<Held*> again = co_await Complete(TakeBatch(&reports));
      unanswered_.insert(unanswered_.end(), again.begin(), again.end());
    }
  }
}

Co<std::vector<Worker::Held*>> Worker::Complete(std::vector<Held*> batch) {
  pb::CompleteRequest request;
  for (const Held* held : batch) *request.add_completions() = held->completion;
  auto response =
      co_await queue_.Call(&QueueClient::Async::Complete, std::move(request), kCallTimeout);
  std::vector<Held*> again;
  if (response.ok()) {
    const std::set<std::string> lost = SetOf(response->lost_lease_ids());
    const std::set<std::string> unanswered = SetOf(response->unanswered_lease_ids());
    for (Held* held : batch) {
      const std::string& lease = held->delivery.lease_id;
      if (unanswered.contains(lease)) {
        again.push_back(held);
        continue;
      }
      if (lost.contains(lease)) {
        LogLost(held->delivery);
      } else {
        TheFigures().CountReport(held->delivery);
      }
      held_.erase(std::string(lease));
    }
    co_return again;
  }
  log::Warn("the queue takes no reports: {}", response.status().ToString());
  if (IsUnanswered(response.status())) co_return batch;
  // Too much at once; a single one has to wait until there is room for it.
  if (absl::IsResourceExhausted(response.status()) && batch.size() == 1) co_return batch;
  if (batch.size() > 1) {
    // One of them is at fault, and must not hold up the others.
    for (Held* held : batch) {
      const std::vector<Held*> one = co_await Complete({held});
      again.insert(again.end(), one.begin(), one.end());
    }
    co_return again;
  }
  Drop(batch[0]);
  co_return again;
}

Co<void> Worker::RenewLoop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Backoff backoff;
  absl::Duration pause = lease_time_ / 3;
  while (!finished_) {
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
    if (held->delivery.lease.lost) continue;
    pb::HeldLease& lease = leases.emplace_back();
    lease.set_delivery_id(held->delivery.id);
    lease.set_lease_id(lease_id);
  }
  bool all_answered = true;
  for (size_t begin = 0; begin < leases.size(); begin += kRenewalsPerCall) {
    const size_t end = std::min(leases.size(), begin + kRenewalsPerCall);
    pb::RenewRequest request;
    for (size_t i = begin; i < end; ++i) *request.add_leases() = leases[i];
    const Clock::time_point called = Clock::now();
    auto response =
        co_await queue_.Call(&QueueClient::Async::Renew, std::move(request), lease_time_ * 2 / 3);
    if (!response.ok()) co_return response.status();
    const auto ends = called + absl::ToChronoNanoseconds(lease_time_);
    const std::set<std::string> lost = SetOf(response->lost_lease_ids());
    const std::set<std::string> unanswered = SetOf(response->unanswered_lease_ids());
    all_answered = all_answered && unanswered.empty();
    for (size_t i = begin; i < end; ++i) {
      // One that is done may have been reported meanwhile: that answer counts, not this one.
      const auto found = held_.find(leases[i].lease_id());
      if (found == held_.end() || unanswered.contains(found->first)) continue;
      if (!lost.contains(found->first)) {
        found->second->delivery.lease.ends = ends;
      } else if (!found->second->done) {
        found->second->delivery.lease.lost = true;
      }
    }
    GiveWay(response->highest_waiting_class());
  }
  co_return all_answered ? absl::OkStatus() : absl::UnavailableError("a partition does not answer");
}

}  // namespace staffetta::delivery
