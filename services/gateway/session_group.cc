#include "gateway/session_group.h"

#include <utility>

namespace staffetta::gateway {
namespace {

// How exact deadlines of peers are.
constexpr std::chrono::seconds kTick(1);
constexpr absl::Duration kToTurnAway = absl::Seconds(5);

}  // namespace

SessionGroup::SessionGroup(Executor executor, const Surroundings* surroundings,
                           SessionLimits* limits)
    : surroundings_(*surroundings),
      limits_(*limits),
      sessions_running_(executor, "gateway sessions"),
      tick_(executor),
      all_gone_(executor) {}

void SessionGroup::Start() { sessions_running_.Spawn(WatchDeadlines()); }

void SessionGroup::Take(std::unique_ptr<net::Stream> stream) {
  if (draining_) {
    if (!finished_) sessions_running_.Spawn(TurnAway(std::move(stream), Said::kShuttingDown));
    return;
  }
  std::unique_ptr<SessionLimits::Ticket> ticket;
  switch (limits_.Enter(stream->peer_address().to_string(), &ticket)) {
    case SessionLimits::Answer::kAdmitted: {
      auto session = std::make_shared<Session>(std::move(stream), &surroundings_);
      const auto at = sessions_.insert(sessions_.end(), std::move(session));
      sessions_running_.Spawn(Run(at, std::move(ticket)));
      break;
    }
    case SessionLimits::Answer::kTooMany:
      sessions_running_.Spawn(TurnAway(std::move(stream), Said::kTooManySessions));
      break;
    case SessionLimits::Answer::kTooManyOfAddress:
      sessions_running_.Spawn(TurnAway(std::move(stream), Said::kTooManySessionsOfAddress));
      break;
  }
}

Co<void> SessionGroup::Run(Sessions::iterator session,
                           std::unique_ptr<SessionLimits::Ticket> ticket) {
  co_await (*session)->Run();
  sessions_.erase(session);
  ticket.reset();
  if (sessions_.empty()) all_gone_.cancel();
}

Co<void> SessionGroup::TurnAway(std::unique_ptr<net::Stream> stream, Said said) {
  const std::string reply = smtp::Serialize(ReplyFor(said));
  stream->SetDeadline(kToTurnAway);
  const absl::Status written = co_await stream->Write(reply);
  if (written.ok()) stream->Close();
}

Co<void> SessionGroup::DrainOne(std::shared_ptr<Session> session) { co_await session->Drain(); }

Co<void> SessionGroup::TimeOutOne(std::shared_ptr<Session> session) { co_await session->TimeOut(); }

Co<void> SessionGroup::Drain() {
  draining_ = true;
  for (const std::shared_ptr<Session>& session : sessions_) {
    sessions_running_.Spawn(DrainOne(session));
  }
  co_return;
}

Co<void> SessionGroup::Finish(std::chrono::steady_clock::time_point deadline) {
  if (!sessions_.empty()) {
    all_gone_.expires_at(deadline);
    boost::system::error_code woken;
    co_await all_gone_.async_wait(asio::redirect_error(use_co, woken));
  }
  finished_ = true;
  tick_.cancel();
  for (const std::shared_ptr<Session>& session : sessions_) session->Close();
  co_await sessions_running_.Wait();
}

Co<void> SessionGroup::WatchDeadlines() {
  while (!finished_) {
    tick_.expires_after(kTick);
    boost::system::error_code woken;
    co_await tick_.async_wait(asio::redirect_error(use_co, woken));
    const auto now = std::chrono::steady_clock::now();
    for (const std::shared_ptr<Session>& session : sessions_) {
      if (session->IsOverdue(now)) sessions_running_.Spawn(TimeOutOne(session));
    }
  }
}

}  // namespace staffetta::gateway
