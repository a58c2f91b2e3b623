#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/runtime.h"
#include "common/base/task_group.h"
#include "common/redis/client.h"
#include "common/redis/deployment.h"
#include "common/redis/embedded.h"
#include "common/rpc/direct.h"
#include "common/rpc/host.h"
#include "common/rpc/peers.h"
#include "staffetta/config/v1/config.pb.h"

namespace staffetta::auth {
class Server;
}
namespace staffetta::delivery {
class Server;
}
namespace staffetta::events {
class Server;
}
namespace staffetta::gateway {
class Server;
}
namespace staffetta::metrics {
class Endpoint;
}
namespace staffetta::policy {
class Server;
}
namespace staffetta::queue {
class Server;
}

namespace staffetta::cli {

// The names that --roles takes, in the order in which they start.
const std::vector<std::string>& AllRoles();

// The roles of this process, started and stopped together: one gRPC host, one Redis, one runtime.
// Not thread-safe; none of its calls may come from a thread of the runtime.
class Relay {
 public:
  // Lets so much time pass; false: the process is to end.
  using Pause = std::function<bool(absl::Duration)>;

  // Starts an own Redis when the configuration names none, or else waits for the one that it names,
  // for as long as it does not answer (a restart would find it no sooner); then the roles. The
  // error says which part could not start and why, CANCELLED that `pause` said false; what had
  // started is stopped again.
  static absl::StatusOr<std::unique_ptr<Relay>> Start(const config::v1::Config& config,
                                                      const std::string& data_dir,
                                                      const std::set<std::string>& roles,
                                                      const Pause& pause);
  // Stops the edge first, then the way out, then what they call, then Redis. Nothing accepted is
  // lost; running transactions get the configured time.
  ~Relay();

  // The ports that the gateway really listens on; empty: it is not among the roles.
  std::vector<uint16_t> ports() const;
  // Where figures are told; empty: nowhere.
  std::string metrics_address() const;
  // Where gRPC is answered.
  const std::string& endpoint() const { return host_->endpoint(); }
  // A way to all roles of this process.
  std::shared_ptr<const rpc::Peer> local_peer() const { return local_; }

 private:
  Relay(const config::v1::Config& config, std::string data_dir);

  absl::Status StartRedis(const Pause& pause);
  absl::Status AwaitRedis(const Pause& pause);
  redis::Client::Options RedisOptions() const;
  absl::Status StartMetrics();
  absl::Status StartRoles(const std::set<std::string>& roles);
  // The role's peer: in this process, or where the configuration says.
  std::shared_ptr<const rpc::Peer> PeerOf(const std::string& role) const;

  const config::v1::Config config_;
  const std::string data_dir_;
  std::string key_;
  Runtime runtime_;
  std::unique_ptr<Runtime> express_;  // of delivery, for class 1 alone
  std::unique_ptr<redis::EmbeddedRedis> embedded_redis_;
  std::unique_ptr<TaskGroup> supervision_;
  redis::Deployment redis_;
  rpc::DirectMethods direct_;  // of the roles in this process
  std::unique_ptr<auth::Server> auth_;
  std::unique_ptr<policy::Server> policy_;
  std::unique_ptr<queue::Server> queue_;
  std::unique_ptr<delivery::Server> delivery_;
  std::unique_ptr<events::Server> events_;
  std::unique_ptr<gateway::Server> gateway_;
  std::unique_ptr<rpc::Host> host_;
  std::shared_ptr<const rpc::Peer> local_;
  std::set<std::string> hosted_;
  std::unique_ptr<metrics::Endpoint> metrics_;
};

}  // namespace staffetta::cli
