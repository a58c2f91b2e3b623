#include "delivery/site.h"

#include <absl/time/clock.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/base/check.h"
#include "delivery/figures.h"
#include "delivery/notices.h"

namespace staffetta::delivery {

struct Site::Progress {
  explicit Progress(size_t recipients) : decided(recipients) {
    for (size_t i = 0; i < recipients; ++i) pending.push_back(i);
  }

  void Decide(size_t recipient, Kind kind, const Heard& heard, const std::string& host,
              bool tell = false) {
    const bool remote = heard.stage != Stage::kDns;
    decided[recipient] = Outcome{kind, heard.reply, remote ? host : "", tell};
  }
  // All that are left.
  void DecidePending(Kind kind, const Heard& heard, const std::string& host) {
    for (size_t i : std::exchange(pending, {})) Decide(i, kind, heard, host);
  }
  bool untouched() const { return pending.size() == decided.size(); }

  std::vector<std::optional<Outcome>> decided;  // by recipient
  std::vector<size_t> pending;                  // recipients that are not, in order
  bool aside = false;                           // left a host that takes other mail
};

namespace {

// Whether the host that this was heard of may do better another time.
bool IsPassing(const Heard& heard) { return Classify(heard, {}).kind == Kind::kDeferred; }

size_t QueueOf(const Delivery& delivery) { return std::clamp(delivery.rank(), 1, 5) - 1; }

}  // namespace

Site::Site(Route route, const SiteContext* context)
    : route_(std::move(route)), key_(SiteKey(route_)), context_(context) {}

Site::~Site() { CHECK(connections_ == 0 && waiting() == 0); }

void Site::Add(Delivery* delivery) {
  if (stopping_) {
    context_->done(delivery);
    return;
  }
  waiting_[QueueOf(*delivery)].push_back(delivery);
  WakeOrGrow();
}

void Site::WakeOrGrow() {
  if (idle_.empty()) {
    Grow();
    return;
  }
  Session* const session = idle_.back();
  idle_.pop_back();
  session->wake.cancel();
}

void Site::Stop() {
  stopping_ = true;
  for (Session* session : std::exchange(idle_, {})) session->wake.cancel();
  while (Delivery* delivery = TakeWaiting()) context_->done(delivery);
}

Delivery* Site::TakeBack(int priority) {
  for (size_t i = waiting_.size(); i > static_cast<size_t>(priority); --i) {
    std::deque<Delivery*>& queue = waiting_[i - 1];
    if (queue.empty()) continue;
    Delivery* const last = queue.back();
    queue.pop_back();
    return last;
  }
  return nullptr;
}

std::vector<Delivery*> Site::TakeStuck(std::chrono::steady_clock::time_point since) {
  const size_t all = waiting();
  const size_t most = all - std::min<size_t>(all, context_->connections);
  std::vector<Delivery*> taken;
  for (size_t i = waiting_.size(); i > 0; --i) {
    std::deque<Delivery*>& queue = waiting_[i - 1];
    for (size_t at = queue.size(); at > 0 && taken.size() < most; --at) {
      if (queue[at - 1]->lease.begin >= since) continue;
      taken.push_back(queue[at - 1]);
      queue.erase(queue.begin() + static_cast<ptrdiff_t>(at) - 1);
    }
  }
  return taken;
}

void Site::Grow() {
  while (connections_ < limit_ && starting_ < waiting()) {
    ++connections_;
    ++starting_;
    context_->group->Spawn(RunConnection());
  }
}

void Site::RaiseLimit() {
  if (!limited_at_ || limit_ >= static_cast<size_t>(context_->connections)) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - *limited_at_ < absl::ToChronoNanoseconds(context_->options->regrowth)) return;
  ++limit_;
  limited_at_ = now;
  Grow();
}

Delivery* Site::TakeWaiting() {
  for (std::deque<Delivery*>& queue : waiting_) {
    if (queue.empty()) continue;
    Delivery* const first = queue.front();
    queue.pop_front();
    return first;
  }
  return nullptr;
}

size_t Site::waiting() const {
  size_t sum = 0;
  for (const std::deque<Delivery*>& queue : waiting_) sum += queue.size();
  return sum;
}

size_t Site::established() const {
  return std::count_if(sessions_.begin(), sessions_.end(),
                       [](const Session* session) { return session->client != nullptr; });
}

Co<void> Site::RunConnection() {
  // Cancellation ends what a session waits for; the loop ends by what it hears then.
  co_await asio::this_coro::throw_if_cancelled(false);
  // Spawning runs a coroutine at once; who spawned this one must be done with the site first, since
  // it may end, and the site with it, without ever waiting.
  co_await asio::post(context_->group->executor(), use_co);
  Session session(context_->group->executor());
  sessions_.insert(&session);
  --starting_;
  Fate fate = Fate::kGoOn;
  while (fate == Fate::kGoOn) {
    Delivery* const delivery = co_await Next(&session);
    if (delivery == nullptr) break;
    fate = co_await Carry(&session, delivery);
  }
  if (session.client) co_await session.client->Quit();
  sessions_.erase(&session);
  --connections_;
  Grow();
  if (connections_ == 0 && waiting() == 0) {
    const SiteContext* const context = context_;
    const std::string key = key_;
    context->idle(key);
  }
}

Co<Delivery*> Site::Next(Session* session) {
  Delivery* delivery = TakeWaiting();
  if (delivery != nullptr || !session->client || stopping_) co_return delivery;
  session->wake.expires_after(absl::ToChronoNanoseconds(context_->options->idle_timeout));
  while (delivery == nullptr && !stopping_) {
    idle_.push_back(session);
    boost::system::error_code woken;
    co_await session->wake.async_wait(asio::redirect_error(use_co, woken));
    std::erase(idle_, session);
    delivery = TakeWaiting();
    if (!woken) break;
  }
  co_return delivery;
}

Co<Site::Fate> Site::Carry(Session* session, Delivery* delivery) {
  Progress progress(delivery->recipients.size());
  if (!delivery->lease.Holds()) {
    context_->done(delivery);
    co_return Fate::kGoOn;
  }
  delivery->started = true;
  delivery->start_time = absl::Now();
  const Fault missing = co_await context_->ready(delivery);
  if (missing != Fault::kNone) {
    const Heard heard = HeardFault(Stage::kDns, missing);
    const Verdict verdict = Classify(heard, {});
    if (verdict.kind != Kind::kHandBack) progress.DecidePending(verdict.kind, heard, "");
    Finish(delivery, &progress);
    co_return Fate::kGoOn;
  }
  if (delivery->demands.require_tls && session->client && !session->client->promises_tls()) {
    // A host that comes before it may do better.
    co_await session->client->Quit();
    session->client.reset();
  }
  while (!progress.pending.empty()) {
    if (!session->client) {
      std::optional<Heard> trouble = co_await Open(session);
      if (trouble) co_return WithoutConnection(session, delivery, &progress, *std::move(trouble));
    }
    co_await Transact(session, delivery, &progress);
    if (!delivery->lease.Holds()) break;
  }
  Finish(delivery, &progress);
  if (session->client) RaiseLimit();
  if (progress.aside && session->client) {
    // What comes next has no reason to pass that host by.
    co_await session->client->Quit();
    session->client.reset();
  }
  co_return Fate::kGoOn;
}

Co<void> Site::Transact(Session* session, Delivery* delivery, Progress* progress) {
  SmtpClient* const client = session->client.get();
  const PeerAbilities& peer = client->abilities();
  size_t most = context_->options->recipients_per_transaction;
  if (peer.max_recipients != 0) most = std::min(most, peer.max_recipients);
  std::vector<size_t> chosen(progress->pending.begin(),
                             progress->pending.begin() + std::min(most, progress->pending.size()));
  progress->pending.erase(progress->pending.begin(), progress->pending.begin() + chosen.size());

  Context context;
  context.hosts =
      session->current + 1 < session->targets.size() ? HostsLeft::kSome : HostsLeft::kNone;
  context.down = session->down;
  context.connection = client->transactions() > 0 ? Connection::kReused : Connection::kFresh;
  Fault missing = Fault::kNone;
  if (MustRecode(*delivery, peer)) missing = co_await context_->whole(delivery);
  std::vector<Heard> heard(chosen.size(), HeardFault(Stage::kDns, missing));
  if (missing == Fault::kNone) heard = co_await client->Send(delivery, chosen);
  if (missing == Fault::kStopped) client->Close();
  const bool accepted = std::any_of(heard.begin(), heard.end(), [](const Heard& each) {
    return each.stage == Stage::kData || each.stage == Stage::kChunk ||
           each.stage == Stage::kEndOfData;
  });
  context.accepted = accepted ? Accepted::kSome : Accepted::kNone;

  const std::string host = session->targets[session->current].Label();
  std::optional<size_t> restart;  // the target to go on with
  std::vector<size_t> again;
  for (size_t at = 0; at < chosen.size(); ++at) {
    const Verdict verdict = Classify(heard[at], context);
    switch (verdict.kind) {
      case Kind::kDelivered:
        progress->Decide(chosen[at], verdict.kind, heard[at], host,
                         TellsOfRelay(*delivery, chosen[at], peer));
        break;
      case Kind::kDeferred:
      case Kind::kFailed:
      case Kind::kUnknown:
        progress->Decide(chosen[at], verdict.kind, heard[at], host);
        break;
      case Kind::kNextHost:
        restart = session->current + 1;
        if (client->usable()) progress->aside = true;
        if (IsPassing(heard[at])) session->down = HostsDown::kSome;
        again.push_back(chosen[at]);
        break;
      case Kind::kReconnect:
        // As any search begins, unless this delivery has left the first host.
        restart = progress->aside ? session->current : 0;
        again.push_back(chosen[at]);
        break;
      case Kind::kNextTransaction:
        again.push_back(chosen[at]);
        break;
      case Kind::kWithoutTls:
        CHECK(false);  // SmtpClient::Open deals with it
        break;
      case Kind::kHandBack:
        again.push_back(chosen[at]);
        break;
    }
  }
  progress->pending.insert(progress->pending.begin(), again.begin(), again.end());
  if (restart) session->next = *restart;
  if (restart || !client->usable()) {
    co_await client->Quit();
    session->client.reset();
  }
}

Co<std::optional<Heard>> Site::Open(Session* session) {
  if (stopping_) co_return HeardFault(Stage::kConnect, Fault::kStopped);
  session->began = std::exchange(session->next, 0);
  if (session->began == 0) {
    Targets found =
        co_await FindTargets(route_, context_->resolver, &context_->search, context_->random);
    if (found.list.empty()) co_return std::move(found.trouble);
    session->targets = std::move(found.list);
    session->down = HostsDown::kNone;
  }
  Heard trouble;
  for (size_t at = session->began; at < session->targets.size(); ++at) {
    session->current = at;
    if (stopping_) co_return HeardFault(Stage::kConnect, Fault::kStopped);
    SmtpClient::Opened opened = co_await SmtpClient::Open(session->targets[at], &context_->client);
    TheFigures().CountOpening(opened.client != nullptr);
    if (opened.client) {
      session->client = std::move(opened.client);
      // One that opened after another was refused shows that so many are allowed.
      limit_ = limited_at_ ? std::max(limit_, established()) : context_->connections;
      Grow();
      co_return std::nullopt;
    }
    trouble = std::move(opened.trouble);
    const bool last = at + 1 == session->targets.size();
    const Verdict verdict =
        Classify(trouble, {.hosts = last ? HostsLeft::kNone : HostsLeft::kSome});
    if (verdict.kind != Kind::kNextHost) break;
    if (IsPassing(trouble)) session->down = HostsDown::kSome;
  }
  co_return trouble;
}

Site::Fate Site::WithoutConnection(Session* session, Delivery* delivery, Progress* progress,
                                   Heard trouble) {
  const Verdict verdict = Classify(trouble, {.down = session->down});
  if (verdict.kind == Kind::kHandBack) {
    Finish(delivery, progress);
    return Fate::kGoOn;
  }
  // A search that went on behind a host that was reached tells nothing about the site.
  const bool of_site = session->began == 0;
  const size_t others = established();
  if (of_site && others > 0 && progress->untouched() && !stopping_) {
    limit_ = others;
    limited_at_ = std::chrono::steady_clock::now();
    context_->unready(delivery);
    delivery->started = false;
    waiting_[QueueOf(*delivery)].push_front(delivery);
    WakeOrGrow();
    return Fate::kSurplus;
  }
  const std::string host =
      session->targets.empty() ? "" : session->targets[session->current].Label();
  progress->DecidePending(verdict.kind, trouble, host);
  Finish(delivery, progress);
  if (!of_site || others > 0) return Fate::kGoOn;
  limit_ = 1;
  limited_at_.reset();
  while (Delivery* waiting = TakeWaiting()) {
    Progress same(waiting->recipients.size());
    same.DecidePending(verdict.kind, trouble, host);
    waiting->start_time = absl::Now();
    Finish(waiting, &same);
  }
  return Fate::kGoOn;
}

void Site::Finish(Delivery* delivery, Progress* progress) {
  if (!progress->untouched()) {
    // Some of its recipients are decided, so that it cannot go back as it was.
    progress->DecidePending(Kind::kDeferred, HeardFault(Stage::kDns, Fault::kStopped), "");
    for (std::optional<Outcome>& outcome : progress->decided) {
      delivery->outcomes.push_back(*std::move(outcome));
    }
  }
  context_->done(delivery);
}

}  // namespace staffetta::delivery
