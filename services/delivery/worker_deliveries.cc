// What becomes of one delivery in the worker's hands; its calls to the queue are in worker.cc.

#include <absl/time/clock.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/rpc/times.h"
#include "delivery/content_blocks.h"
#include "delivery/figures.h"
#include "delivery/notices.h"
#include "delivery/queue_messages.h"
#include "delivery/report.h"
#include "delivery/worker.h"
#include "delivery/worker_log.h"

namespace staffetta::delivery {
namespace {

constexpr size_t kMostInReport = 64 << 10;  // of the original
constexpr size_t kMostOfReply = 1024;       // that outcomes tell

}  // namespace

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
  const bool full = std::all_of(lines_.begin(), lines_.end(),
                                [](const Line& line) { return line.working >= line.capacity; });
  if (highest_waiting_class == 0 || !full) return;
  // What a slow site has no connection for in time leaves its place to mail for others. It is the
  // first of its lane again: it may come back in its lane's turn, for as long again.
  const Clock::time_point since = Clock::now() - absl::ToChronoNanoseconds(options_->patience);
  for (const auto& [key, site] : sites_) {
    for (Delivery* delivery : site->TakeStuck(since)) Done(delivery);
  }
  // The queue has something more urgent than what fills this worker: what has not begun goes back.
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
  (void)co_await MakeReady(delivery);
  const smtp::Reply& last = delivery->last_reply;
  const bool late = IsTooLate(*delivery, absl::Now());
  Heard heard = HeardFault(Stage::kDns, late ? Fault::kTooLate : Fault::kExpired);
  if (!last.text.empty()) {
    heard.reply.text += "; the last attempt heard: ";
    if (!delivery->last_host.empty()) heard.reply.text += delivery->last_host + ": ";
    heard.reply.text += InWords(last);
  }
  Decide(delivery, heard);
}

Co<void> Worker::Capture(Delivery* delivery) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Fault missing = co_await MakeReady(delivery);
  if (missing == Fault::kNone) missing = co_await MakeWhole(delivery);
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
  // Of what is captured a report has the header at most.
  std::string beginning = delivery->content.substr(0, kMostInReport);
  message.set_content(std::exchange(delivery->content, std::move(beginning)));
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

Co<Fault> Worker::MakeReady(Delivery* delivery) {
  const bool whole = delivery->content_pieces <= 1 || MayReturnWhole(*delivery);
  Fault missing = Fault::kNone;
  if (whole) {
    missing = co_await MakeWhole(delivery);
  } else {
    missing = co_await FetchPieces(delivery, 1);
  }
  if (missing != Fault::kNone) co_return missing;
  co_return IsTooLate(*delivery, absl::Now()) ? Fault::kTooLate : Fault::kNone;
}

Co<Fault> Worker::MakeWhole(Delivery* delivery) {
  if (delivery->whole()) co_return Fault::kNone;
  if (delivery->room == 0) {
    const bool taken = co_await room_.Take(delivery->content_size);
    if (!taken) co_return Fault::kStopped;
    delivery->room = delivery->content_size;
  }
  delivery->content.reserve(static_cast<size_t>(delivery->content_size));
  const Fault missing = co_await FetchPieces(delivery, std::max(1, delivery->content_pieces));
  if (missing != Fault::kNone) co_return missing;
  co_return delivery->whole() ? Fault::kNone : Fault::kDamaged;
}

Co<Fault> Worker::FetchPieces(Delivery* delivery, int count) {
  while (delivery->pieces_here < count) {
    auto piece = co_await content_.Fetch(delivery->message_id, delivery->pieces_here).Result();
    if (!piece.ok()) co_return FaultOf(piece.status());
    delivery->content += *piece;
    ++delivery->pieces_here;
  }
  co_return Fault::kNone;
}

void Worker::MakeUnready(Delivery* delivery) {
  // What came along with the delivery stays: no piece of it was fetched, no room taken.
  if (delivery->pieces_here == 0 && delivery->room == 0) return;
  delivery->pieces_here = 0;
  ForgetContent(delivery);
}

void Worker::Decide(Delivery* delivery, const Heard& heard) {
  const Verdict verdict = Classify(heard, {});
  if (verdict.kind != Kind::kHandBack) {
    for (size_t i = 0; i < delivery->recipients.size(); ++i) {
      // The sandbox is no host that would tell itself.
      const bool tell = verdict.kind == Kind::kDelivered && TellsOfRelay(*delivery, i, {});
      delivery->outcomes.push_back({verdict.kind, heard.reply, "", tell});
    }
  }
  Done(delivery);
}

void Worker::Done(Delivery* delivery) {
  Held* const held = held_.at(delivery->lease_id).get();
  --held->line->working;
  held->line->room.Notify();
  // There may be a thousand recipients, each with the same.
  for (Outcome& outcome : delivery->outcomes) {
    outcome.reply.text.resize(smtp::LinePiece(outcome.reply.text, kMostOfReply));
  }
  LogAttempts(*delivery);
  TheFigures().Count(*delivery);
  if (delivery->lease.lost && delivery->outcomes.empty()) {
    Drop(held);
    return;
  }
  const absl::Time now = absl::Now();
  held->done = true;
  held->completion = ToCompletion(*delivery, now);
  const bool again =
      std::any_of(delivery->outcomes.begin(), delivery->outcomes.end(), [](const Outcome& outcome) {
        return outcome.kind == Kind::kDeferred || outcome.kind == Kind::kUnknown;
      });
  if (again) {
    const double chance = std::uniform_real_distribution<double>(0, 1)(random_);
    absl::Duration wait = RetryDelay(options_->retry, delivery->attempts, chance);
    // What is returned when it is late comes back then.
    if (delivery->demands.return_late) wait = std::min(wait, delivery->demands.deliver_by - now);
    *held->completion.mutable_retry_after() = rpc::ToProto(std::max(wait, absl::ZeroDuration()));
  }
  const NewsList news = NewsOfAll(*delivery, options_->delay, now);
  if (NeedsReport(news)) {
    const int partition = PartitionOfMessageId(delivery->message_id).value_or(0);
    const ReportFrom from{options_->hostname, NewMessageId(partition), now};
    *held->completion.mutable_bounce() = ReportMessage(from, *delivery, news);
    LogBounces(*delivery, news, from.message_id);
  }
  ForgetContent(delivery);
  reports_.push_back(held);
  report_.Notify();
}

void Worker::ForgetContent(Delivery* delivery) {
  std::string().swap(delivery->content);  // gives its memory back
  if (delivery->room > 0) room_.GiveBack(std::exchange(delivery->room, 0));
}

void Worker::Drop(Held* held) {
  LogLost(held->delivery);
  ForgetContent(&held->delivery);
  held_.erase(std::string(held->delivery.lease_id));
}

}  // namespace staffetta::delivery
