#pragma once

#include <chrono>
#include <list>
#include <memory>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/net/stream.h"
#include "gateway/session.h"
#include "gateway/session_limits.h"

namespace staffetta::gateway {

// The sessions of one thread: runs them, ends those whose peers are late, sends them home. Confined
// to `executor` but for the constructor.
class SessionGroup {
 public:
  SessionGroup(Executor executor, const Surroundings* surroundings, SessionLimits* limits);

  Executor executor() const { return sessions_running_.executor(); }

  // Begins to look after deadlines.
  void Start();
  // Runs a session on the stream, or turns it away with one reply when there are too many.
  void Take(std::unique_ptr<net::Stream> stream);
  // Idle sessions are told to go; new ones are turned away (SPEC S10).
  Co<void> Drain();
  // Waits until all sessions have ended; those that have not by `deadline` are closed.
  Co<void> Finish(std::chrono::steady_clock::time_point deadline);

 private:
  using Sessions = std::list<std::shared_ptr<Session>>;

  Co<void> Run(Sessions::iterator session, std::unique_ptr<SessionLimits::Ticket> ticket);
  static Co<void> TurnAway(std::unique_ptr<net::Stream> stream, Said said);
  static Co<void> DrainOne(std::shared_ptr<Session> session);
  static Co<void> TimeOutOne(std::shared_ptr<Session> session);
  Co<void> WatchDeadlines();

  const Surroundings& surroundings_;
  SessionLimits& limits_;
  TaskGroup sessions_running_;
  Sessions sessions_;
  bool draining_ = false;
  bool finished_ = false;
  Timer tick_;
  Timer all_gone_;  // cancelled when the last session ends
};

}  // namespace staffetta::gateway
