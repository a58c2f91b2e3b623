#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/co.h"
#include "common/base/task_group.h"
#include "common/redis/client.h"
#include "common/redis/subscriber.h"
#include "queue/admin_rpc.h"
#include "queue/admin_store.h"
#include "queue/partition.h"
#include "queue/queue_rpc.h"
#include "queue/queue_store.h"
#include "queue/scheduler.h"
#include "queue/second_store.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::queue {

// The queue service, wired. Confined to `executor`, but for grpc_services().
class Server {
 public:
  struct Options {
    QueueStore::Options store;
    RecordOptions records;
    int partitions = 1;
    int64_t keep_events = 1'000'000;
    bool allow_volatile = false;
    // Where content lies; nullopt: with all the rest.
    struct Second {
      redis::Client::Options redis;
      bool assume_durable = false;  // where it does not tell
      absl::Duration stays;         // content whose message is finished
    };
    std::optional<Second> second;
  };
  // `key` is what callers must present.
  Server(Executor executor, Options options, redis::Client::Options redis, std::string key);

  std::vector<grpc::Service*> grpc_services() { return {&rpc_, &admin_rpc_}; }
  // Before any call is made: offers what the other roles of this process call without gRPC.
  void Offer(rpc::DirectMethods* direct) { rpc_.Offer(direct); }

  // FAILED_PRECONDITION: Redis is not durable (SPEC Q1), and how to mend it; or there is mail whose
  // content is in a second store, and none is named.
  Co<absl::Status> Start();
  // Ends long polls, lets running calls finish.
  Co<void> Stop();

 private:
  struct Part {
    Part(Server* server, int number);
    Partition partition;
    std::optional<SecondStore> second;
    QueueStore queue;
    AdminStore admin;
  };
  using Parts = std::vector<std::unique_ptr<Part>>;
  std::optional<SecondStore> MakeSecond(const Partition* partition) const;
  QueueStore::Options StoreOptions(SecondStore* second);
  Parts MakeParts();
  // That what is answered 250 is kept, and how well it is.
  Co<absl::Status> CheckDurability();
  // Serves partitions beyond the configured number as well, if they hold mail.
  Co<absl::Status> AddParts();
  // That no content lies in a store of which this configuration does not know.
  Co<absl::Status> CheckContents();
  Co<absl::Status> SpreadGates();
  // Keeps the figures of what waits up to date.
  Co<void> ShowFigures();
  // Keeps the second store free of what nobody needs any more.
  Co<void> Sweep();
  Co<absl::StatusOr<bool>> SweepOnce();
  static std::vector<QueueStore*> QueuesOf(const Parts& parts);
  static std::vector<Stores> StoresOf(const Parts& parts);
  void Woken(std::string_view channel, std::string_view message);

  const Executor executor_;
  const Options options_;
  redis::Client redis_;
  redis::Client waiting_redis_;  // for writes that wait for replicas
  // Null: there is no second store.
  std::unique_ptr<redis::Client> second_redis_;
  std::unique_ptr<redis::Client> hasty_redis_;
  TaskGroup group_;
  Parts parts_;
  Scheduler scheduler_;
  QueueRpc rpc_;
  AdminRpc admin_rpc_;
  std::unique_ptr<redis::Subscriber> subscriber_;
  Timer next_look_;
  Timer next_sweep_;
  bool stopping_ = false;
};

// The section queue of a configuration that LoadConfig has checked, and what it takes of others.
// Where the second store is, if there is one, the caller says.
Server::Options OptionsFrom(const config::v1::Config& config);
Server::Options::Second SecondFrom(const config::v1::Config& config, redis::Client::Options redis);

}  // namespace staffetta::queue
