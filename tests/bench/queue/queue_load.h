#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/queue/content.h"
#include "common/base/task_group.h"
#include "common/rpc/client.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::bench {

// Keeps a queue busy through its gRPC interface, with many calls in flight. Confined to its
// executor's thread, one method at a time. The first call that fails ends a method, with its
// status.
class QueueLoad {
 public:
  QueueLoad(Executor executor, std::shared_ptr<const rpc::Peer> queue);

  // Bulk: class 5, one recipient each, `per_call` in a call, spread evenly over so many domains,
  // each with mail of one of ten accounts: a lane.
  struct Bulk {
    int64_t count = 0;
    Content content = Content::kLight;
    int per_call = 1;
    int domains = 1000;
  };
  Co<absl::Status> Enqueue(Bulk bulk);
  // As two workers that together take `count` deliveries in hand.
  Co<absl::Status> Lease(int64_t count);
  // What is in hand was delivered. An error when the queue calls a lease lost.
  Co<absl::Status> Complete();

  // Takes whatever is handed out for so long, as one worker, and reports it delivered at once; in
  // the first period no more than `pace` a second (0: any number). How much later than a period
  // after the one before each delivery to a domain came.
  struct Watch {
    absl::Duration time;
    absl::Duration period;
    int64_t pace = 0;
  };
  struct Watched {
    int64_t leased = 0;
    std::vector<absl::Duration> late;
  };
  Co<absl::Status> WatchLanes(Watch watch, Watched* watched);

  // The urgent messages of one call; the two lists in the same order.
  struct Urgent {
    int64_t sent = 0;
    std::vector<absl::Duration> accepted;   // from the call to the queue to its answer
    std::vector<absl::Duration> delivered;  // from the answer to the remote 250
  };
  // `rate` messages of class 1 a second, each at its time however slow the ones before are. Waits
  // at most ten seconds for the last deliveries.
  Co<absl::Status> SendUrgent(int rate, absl::Duration time, Urgent* urgent);
  // The sink took an urgent message.
  void Arrived(std::string_view recipient);

 private:
  using QueueClient = rpc::Client<queue::v1::QueueService>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Times {
    SteadyTime called, accepted, delivered;  // the epoch: not yet
  };

  Co<void> EnqueueSome(Bulk* left);
  Co<void> LeaseSome(int64_t* left);
  Co<void> WatchOne(Watch watch, SteadyTime begin, Watched* watched);
  Co<void> CompleteSome();
  Co<void> SendOne(std::string recipient);
  Co<absl::Status> Together(std::vector<Co<void>> coroutines);

  const Executor executor_;
  const QueueClient queue_;
  TaskGroup group_;
  absl::Status status_;
  int64_t next_ = 0;  // numbers messages
  std::vector<queue::v1::HeldLease> in_hand_;
  std::map<std::string, Times, std::less<>> urgent_;  // by recipient
  std::map<std::string, SteadyTime> last_;            // of WatchLanes, by domain
};

}  // namespace staffetta::bench
