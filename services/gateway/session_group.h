#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <vector>

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
  // All outlive it.
  SessionGroup(Executor executor, const Surroundings* surroundings, SessionLimits* limits,
               const std::vector<Network>* proxy_networks);

  Executor executor() const { return sessions_running_.executor(); }

  // Begins to look after deadlines.
  void Start();
  // Runs a session on the stream, which came to that port, or turns it away with one reply when
  // there are too many.
  void Take(std::unique_ptr<net::Stream> stream, const Listening* port);
  // Idle sessions are told to go; new ones are turned away (SPEC S10).
  Co<void> Drain();
  // Waits until all sessions have ended; those that have not by `deadline` are closed.
  Co<void> Finish(std::chrono::steady_clock::time_point deadline);

 private:
  using Sessions = std::list<std::unique_ptr<Session>>;
  using Arrivals = std::list<std::unique_ptr<net::Stream>>;

  // What comes before the first word: the PROXY header, implicit TLS.
  Co<void> Arrive(Arrivals::iterator arrival, const Listening* port,
                  std::unique_ptr<SessionLimits::Place> place);
  void Begin(std::unique_ptr<net::Stream> stream, Arrival arrival);
  Co<void> Run(Sessions::iterator session);
  void TurnAway(std::unique_ptr<net::Stream> stream, Said said);
  Co<void> SayGoodbye(std::unique_ptr<net::Stream> stream, Said said);
  Co<void> WatchDeadlines();

  const Surroundings& surroundings_;
  SessionLimits& limits_;
  const std::vector<Network>& proxy_networks_;
  TaskGroup sessions_running_;
  Arrivals arriving_;
  Sessions sessions_;
  int leaving_ = 0;  // those that are being turned away
  bool draining_ = false;
  bool finished_ = false;
  Timer tick_;
  Timer all_gone_;  // cancelled when the last session ends
};

}  // namespace staffetta::gateway
