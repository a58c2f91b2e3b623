#pragma once

#include <absl/time/time.h>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/task_group.h"
#include "common/net/tls_context.h"
#include "common/rpc/client.h"
#include "delivery/content_room.h"
#include "delivery/delivery.h"
#include "delivery/inbox_store.h"
#include "delivery/options.h"
#include "delivery/queue_content.h"
#include "delivery/site.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::delivery {

class Egress;

// What a worker takes (SPEC P3): bulk any class, express class 1 alone. A process has one of each,
// so that class 1 finds a thread, room and connections that no lower mail fills.
enum class WorkerKind { kBulk, kExpress };

// Takes deliveries from the queue, sends them on their way and reports what came of them
// (DESIGN §2, steps 6 to 8): while there is room calls for leases are open; one call reports while
// the next reports gather, one call renews what is held. Confined to its executor's thread.
//
// A lease that the queue calls lost, or that could not be renewed in time, is dropped: what has
// not begun is not begun, and content is not sent any more. A report is repeated until the queue
// has answered or the lease is over; the lease id makes that safe.
class Worker {
 public:
  // The pointers must outlive it; `egress` is null where the bandwidth has no limit.
  Worker(WorkerKind kind, Executor executor, const Options* options,
         std::shared_ptr<const rpc::Peer> queue, InboxStore* inbox, net::Resolver* resolver,
         std::shared_ptr<const net::TlsContext> tls, Egress* egress);
  ~Worker();

  void Start();
  // Takes no more; hands back what has not begun; gives running transactions options.stop_grace;
  // resumes when everything is reported.
  Co<void> Stop();

  // Deliveries in hand.
  size_t held() const { return held_.size(); }

 private:
  using QueueClient = rpc::Client<queue::v1::QueueService>;
  using Clock = std::chrono::steady_clock;

  struct Line;

  struct Held {
    Delivery delivery;
    Line* line = nullptr;  // that took it
    bool done = false;
    queue::v1::Completion completion;  // when it is done
  };

  // Resumes who waits, if anybody does.
  class Wakeup {
   public:
    explicit Wakeup(Executor executor) : timer_(executor) {}
    void Notify() { timer_.cancel(); }
    Co<void> Wait(absl::Duration longest);

   private:
    Timer timer_;
  };

  // One call for leases after the other, and what they brought. Two lines share the room, so that
  // one call is open while the other's answer is taken over.
  struct Line {
    Line(Executor executor, size_t most) : capacity(most), room(executor) {}
    const size_t capacity;
    size_t working = 0;
    Wakeup room;
  };

  Co<void> LeaseLoop(Line* line);
  Co<void> Room(Line* line);
  Co<void> RenewLoop();
  Co<absl::Status> RenewAll();
  Co<void> CompleteLoop();
  Co<void> RepeatLoop();
  // Takes as many of them as one call may report.
  static std::vector<Held*> TakeBatch(std::vector<Held*>* reports);
  // Returns those whose partition of the queue did not answer.
  Co<std::vector<Held*>> Complete(std::vector<Held*> batch);
  Co<void> CancelAfterGrace();

  void Take(queue::v1::LeaseResponse response, Clock::time_point called, Line* line);
  void Dispatch(Delivery* delivery);
  Co<void> Expire(Delivery* delivery);
  Co<void> Capture(Delivery* delivery);
  // Before an attempt; kNone: as much of its content is there as any attempt needs, and it is not
  // too late.
  Co<Fault> MakeReady(Delivery* delivery);
  // kNone: all of its content is there. Waits until there is room for it.
  Co<Fault> MakeWhole(Delivery* delivery);
  Co<Fault> FetchPieces(Delivery* delivery, int count);
  // Gives back what these fetched and the room for it.
  void MakeUnready(Delivery* delivery);
  // All recipients share it.
  void Decide(Delivery* delivery, const Heard& heard);
  void Done(Delivery* delivery);
  void Drop(Held* held);
  void ForgetContent(Delivery* delivery);
  void GiveWay(int highest_waiting_class);

  const WorkerKind kind_;
  const Executor executor_;
  const Options* const options_;
  const QueueClient queue_;
  InboxStore* const inbox_;
  const std::string name_;
  std::mt19937 random_;

  std::unordered_map<std::string, std::unique_ptr<Held>> held_;  // by lease id
  std::deque<Line> lines_;
  std::vector<Held*> reports_;     // done, not yet reported
  std::vector<Held*> unanswered_;  // reported without an answer
  absl::Duration lease_time_;
  bool stopping_ = false;  // no more leases
  bool finished_ = false;  // nothing is worked on any more
  bool reported_ = false;  // everything was reported once
  Wakeup report_, repeat_, renew_;

  SiteContext site_context_;
  std::unordered_map<std::string, std::unique_ptr<Site>> sites_;
  TaskGroup carriers_;  // whatever works on deliveries
  QueueContent content_;
  ContentRoom room_;
  TaskGroup leasing_;
  TaskGroup reporting_;
  TaskGroup renewing_;
};

}  // namespace staffetta::delivery
