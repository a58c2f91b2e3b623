#pragma once

#include <absl/time/time.h>

#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/task_group.h"
#include "common/rpc/client.h"
#include "delivery/delivery.h"
#include "delivery/inbox_store.h"
#include "delivery/options.h"
#include "delivery/site.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::delivery {

// Takes deliveries from the queue, sends them on their way and reports what came of them
// (DESIGN §2, steps 6 to 8): one call for leases is open while there is room, one call reports
// while the next reports gather, one call renews what is held. Confined to its executor's thread.
//
// A lease that the queue calls lost, or that could not be renewed in time, is dropped: what has
// not begun is not begun, and content is not sent any more. A report is repeated until the queue
// has answered or the lease is over; the lease id makes that safe.
class Worker {
 public:
  // The pointers must outlive it.
  Worker(Executor executor, const Options* options, std::shared_ptr<const rpc::Peer> queue,
         InboxStore* inbox, net::Resolver* resolver);
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

  struct Held {
    Delivery delivery;
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

  Co<void> LeaseLoop();
  Co<void> Room();
  Co<void> RenewLoop();
  Co<absl::Status> RenewAll();
  Co<void> CompleteLoop();
  Co<void> Complete(std::vector<Held*> batch);
  Co<void> CancelAfterGrace();

  void Take(queue::v1::LeaseResponse response, Clock::time_point called);
  void Dispatch(Delivery* delivery);
  Co<void> Expire(Delivery* delivery);
  Co<void> Capture(Delivery* delivery);
  Co<Fault> Load(Delivery* delivery);
  // All recipients share it.
  void Decide(Delivery* delivery, const Heard& heard);
  void Done(Delivery* delivery);
  void Drop(Held* held);
  void GiveWay(int highest_waiting_class);

  const Executor executor_;
  const Options* const options_;
  const QueueClient queue_;
  InboxStore* const inbox_;
  const std::string name_;
  std::mt19937 random_;

  std::unordered_map<std::string, std::unique_ptr<Held>> held_;  // by lease id
  size_t working_ = 0;                                           // of them, those not done
  std::vector<Held*> reports_;                                   // done, not yet reported
  absl::Duration lease_time_;
  bool stopping_ = false;  // no more leases
  bool finished_ = false;  // nothing is worked on any more
  Wakeup room_, report_, renew_;

  SiteContext site_context_;
  std::unordered_map<std::string, std::unique_ptr<Site>> sites_;
  TaskGroup carriers_;  // whatever works on deliveries
  TaskGroup leasing_;
  TaskGroup reporting_;
  TaskGroup renewing_;
};

}  // namespace staffetta::delivery
