#pragma once

// What is behind a Client whose Redis is a cluster: one Connection for each master, and the map of
// slots that tells which of them has a key.
//
// The map comes from CLUSTER SLOTS of any node that answers, first when a command needs it, and
// again when a node redirects, refuses, is lost or falls silent; never by a timer, at most every
// 100 ms, and once for all who wait for it. Connections to nodes that serve no slot any more are
// retired. Kept alive by the coroutines under way in it.

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/redis/client.h"
#include "common/redis/connection.h"
#include "common/redis/routing.h"
#include "common/redis/topology.h"

namespace staffetta::redis {

class Cluster {
 public:
  using Results = Connection::Results;

  Cluster(Executor executor, Client::Options options);

  const Client::Options& options() const { return options_; }

  // As Client::RunEach, but error replies are Values.
  static Co<Results> Run(std::shared_ptr<Cluster> self, std::vector<Command> commands,
                         absl::Duration timeout);

  // As Client::RunOnMasters, but error replies are Values.
  static Co<absl::StatusOr<std::vector<Client::OfMaster>>> RunOnMasters(
      std::shared_ptr<Cluster> self, std::vector<Command> commands, absl::Duration timeout);

  void Close();

 private:
  using Clock = std::chrono::steady_clock;
  class Refreshing;

  struct Waiting {
    Unit unit;
    NodeAddress ask;  // where to go this once, in place of the owner of its slot
    NodeAddress to;   // where it was sent
    size_t at;        // of its first result in the round
  };
  struct Round {
    std::vector<Waiting> again;
    std::vector<std::pair<uint16_t, NodeAddress>> moved;
    bool pause = false;
  };

  // Sends all that is waiting, once.
  static Co<Round> SendRound(std::shared_ptr<Cluster> self, const std::vector<Command>* commands,
                             std::vector<Waiting> waiting, Results* results,
                             absl::Duration timeout);
  // A no-op when the map is young; waits when another coroutine does it.
  static Co<void> Refresh(std::shared_ptr<Cluster> self);
  static Co<absl::Status> AskForTopology(std::shared_ptr<Cluster> self, Endpoint node);

  bool MustRefresh(const std::vector<Waiting>& waiting) const;
  const NodeAddress* Target(const Waiting& waiting);
  const std::shared_ptr<Connection>& NodeAt(const NodeAddress& address);
  Endpoint EndpointOf(const NodeAddress& address) const;
  std::vector<Endpoint> NodesToAsk();
  void Adopt(Topology topology);

  const Executor executor_;
  const Client::Options options_;
  bool closed_ = false;

  Topology topology_;
  std::map<NodeAddress, std::shared_ptr<Connection>> nodes_;
  std::vector<std::weak_ptr<Connection>> retired_;  // that may still be owed replies
  size_t turn_ = 0;                                 // spreads what any node can do

  bool suspect_ = false;  // a node was lost since the map was made
  bool refreshing_ = false;
  Timer refreshed_;  // cancelled when a refresh ends
  Clock::time_point refresh_ended_{};
  std::string last_error_ = "it has not been asked";
};

}  // namespace staffetta::redis
