#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/base/task_group.h"
#include "delivery/delivery.h"
#include "delivery/mx.h"
#include "delivery/options.h"
#include "delivery/smtp_client.h"

namespace staffetta::delivery {

// What all sites share; outlives them. Confined to the group's thread.
struct SiteContext {
  const Options* options;
  int connections = 0;  // of one site, at most
  ClientOptions client;
  TargetSearch search;
  net::Resolver* resolver;
  std::mt19937* random;
  TaskGroup* group;  // the connections' coroutines; cancelling it ends them after StopSites
  // Asked before an attempt; kNone: the delivery's content is there, and it may be tried.
  std::function<Co<Fault>(Delivery*)> ready;
  // Asked before a transaction that can do with nothing less than the whole content; kNone: it is
  // there.
  std::function<Co<Fault>(Delivery*)> whole;
  // The delivery waits again: gives back what the two got for it.
  std::function<void(Delivery*)> unready;
  // Takes the delivery back with its outcomes (none: untouched).
  std::function<void(Delivery*)> done;
  // The site has neither deliveries nor connections: it may be destroyed in this call.
  std::function<void(const std::string& key)> idle;
};

// One place that mail goes to: what waits for it, by class, and the connections to it, which are
// kept for idle_timeout (SPEC D2). A site that
// nothing is known about gets one connection first; when no server of it can be reached, all that
// waits shares that answer, and when a further connection is refused the site makes do with those
// it has and tries one more from time to time while they do well (SPEC D11).
class Site {
 public:
  Site(Route route, const SiteContext* context);
  ~Site();

  // The delivery must live until it is done.
  void Add(Delivery* delivery);
  // Hands back what waits; running transactions go on, then the connections end.
  void Stop();
  // Takes a waiting delivery of the lowest class below `priority` out again; null: there is none.
  Delivery* TakeBack(int priority);
  // Takes out all that wait and were leased before `since`, but for as many as there may be
  // connections; lower classes first, and of a class the last.
  std::vector<Delivery*> TakeStuck(std::chrono::steady_clock::time_point since);

 private:
  // A connection and the way it was found.
  struct Session {
    explicit Session(Executor executor) : wake(executor) {}
    std::unique_ptr<SmtpClient> client;
    std::vector<Target> targets;
    size_t current = 0;                 // the target of the client, or the last one tried
    size_t next = 0;                    // where the next try starts; 0: with a new look-up
    size_t began = 0;                   // where the last one did
    HostsDown down = HostsDown::kNone;  // of the targets before the current one
    Timer wake;                         // idle until it expires or is cancelled
  };
  enum class Fate { kGoOn, kSurplus };
  static constexpr int kLowestClass = 5;
  // What became of the recipients so far, in one attempt.
  struct Progress;

  void Grow();
  void WakeOrGrow();
  // A delivery's connection held: is it time for one more?
  void RaiseLimit();
  Delivery* TakeWaiting();
  size_t waiting() const;
  size_t established() const;

  Co<void> RunConnection();
  Co<Delivery*> Next(Session* session);
  Co<Fate> Carry(Session* session, Delivery* delivery);
  Co<void> Transact(Session* session, Delivery* delivery, Progress* progress);
  // nullopt: session->client is there.
  Co<std::optional<Heard>> Open(Session* session);
  Fate WithoutConnection(Session* session, Delivery* delivery, Progress* progress, Heard trouble);
  void Finish(Delivery* delivery, Progress* progress);

  const Route route_;
  const std::string key_;
  const SiteContext* const context_;
  std::array<std::deque<Delivery*>, kLowestClass> waiting_;  // by class
  std::set<Session*> sessions_;
  std::vector<Session*> idle_;  // the last one used is last
  size_t connections_ = 0;      // coroutines
  size_t starting_ = 0;         // of them, those that have not looked for a delivery yet
  size_t limit_ = 1;            // of connections_, grows and shrinks with what the servers allow
  // When a connection was refused, or limit_ was raised since; nullopt: none has been.
  std::optional<std::chrono::steady_clock::time_point> limited_at_;
  bool stopping_ = false;
};

}  // namespace staffetta::delivery
