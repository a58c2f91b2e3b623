#include "common/redis/test_cluster.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

constexpr std::chrono::seconds kFailOver(2);

uint16_t FirstSlot(size_t master) {
  return static_cast<uint16_t>(master * kSlots / TestCluster::kMasters);
}

void Must(TestServer& server, Command command) {
  const absl::StatusOr<Value> answer = server.Ask(std::move(command));
  ASSERT_TRUE(answer.ok()) << answer.status();
}

}  // namespace

TestCluster::TestCluster() {
  for (size_t i = 0; i < kNodes; ++i) {
    bus_ports_.push_back(FreeTestPort());
    const uint16_t port = FreeTestPort();
    std::vector<std::string> argv = {"redis-server",
                                     "--port",
                                     absl::StrCat(port),
                                     "--bind",
                                     "127.0.0.1",
                                     "--cluster-enabled",
                                     "yes",
                                     "--cluster-port",
                                     absl::StrCat(bus_ports_.back()),
                                     "--cluster-node-timeout",
                                     "1000",
                                     "--appendonly",
                                     "yes",
                                     "--appendfsync",
                                     "always",
                                     "--save",
                                     "",
                                     "--repl-diskless-sync-delay",
                                     "0"};
    nodes_.push_back(
        std::make_unique<TestServer>(absl::StrCat(dir_.path(), "/", i), port, std::move(argv)));
  }
  for (size_t i = 0; i < kNodes; ++i) {
    WriteView(i, absl::StrCat(dir_.path(), "/", i));
    nodes_[i]->Start();
  }
  AwaitHealthy();
}

// nodes.conf, from which a node takes up where it was: here, that all know each other.
void TestCluster::WriteView(size_t index, const std::string& dir) const {
  std::ofstream file(dir + "/nodes.conf");
  for (size_t i = 0; i < kNodes; ++i) {
    const size_t master = i % kMasters;
    file << IdOf(i) << " 127.0.0.1:" << nodes_[i]->port() << '@' << bus_ports_[i] << ' '
         << (i == index ? "myself," : "") << (i == master ? "master -" : "slave " + IdOf(master))
         << " 0 0 " << master + 1 << " connected";
    if (i == master) file << ' ' << FirstSlot(i) << '-' << FirstSlot(i + 1) - 1;
    file << '\n';
  }
  file << "vars currentEpoch " << kMasters << " lastVoteEpoch 0\n";
}

Deployment TestCluster::deployment() const {
  return Deployment::Cluster({nodes_[0]->endpoint(), nodes_[1]->endpoint(), nodes_[4]->endpoint()});
}

size_t TestCluster::MasterOf(uint16_t slot) {
  size_t hearsay = kNodes;
  for (size_t i = 0; i < kNodes; ++i) {
    if (!nodes_[i]->running()) continue;
    const auto answer = nodes_[i]->Ask(Command("CLUSTER", "SLOTS"));
    if (!answer.ok()) continue;
    const auto topology = Topology::FromSlots(*answer, {"127.0.0.1", nodes_[i]->port()});
    if (!topology.ok()) continue;
    const NodeAddress* const owner = topology->OwnerOf(slot);
    for (size_t k = 0; owner != nullptr && k < kNodes; ++k) {
      if (owner->port == nodes_[k]->port()) hearsay = k;
    }
    if (hearsay == i) return i;
  }
  if (hearsay == kNodes) ADD_FAILURE() << "nobody serves slot " << slot;
  return hearsay % kNodes;
}

size_t TestCluster::AnotherMaster(uint16_t slot) {
  const size_t owner = MasterOf(slot);
  for (size_t master = 0; master < kMasters; ++master) {
    const size_t other = MasterOf(FirstSlot(master));
    if (other != owner) return other;
  }
  return owner;
}

void TestCluster::BeginMove(uint16_t slot, size_t from, size_t to) {
  Must(node(to), Command("CLUSTER", "SETSLOT", slot, "IMPORTING", IdOf(from)));
  Must(node(from), Command("CLUSTER", "SETSLOT", slot, "MIGRATING", IdOf(to)));
}

int TestCluster::MoveKeys(uint16_t slot, size_t from, size_t to, int most) {
  const auto keys = node(from).Ask(Command("CLUSTER", "GETKEYSINSLOT", slot, most));
  EXPECT_TRUE(keys.ok()) << keys.status();
  if (!keys.ok() || keys->array().empty()) return 0;
  Command migrate("MIGRATE", "127.0.0.1", node(to).port(), "", 0, 5000, "KEYS");
  for (const Value& key : keys->array()) migrate.Add(key.str());
  Must(node(from), std::move(migrate));
  return static_cast<int>(keys->array().size());
}

void TestCluster::EndMove(uint16_t slot, size_t from, size_t to) {
  Must(node(to), Command("CLUSTER", "SETSLOT", slot, "NODE", IdOf(to)));
  Must(node(from), Command("CLUSTER", "SETSLOT", slot, "NODE", IdOf(to)));
}

void TestCluster::Move(uint16_t slot) {
  const size_t from = MasterOf(slot);
  const size_t to = AnotherMaster(slot);
  BeginMove(slot, from, to);
  for (int at_once = 1; MoveKeys(slot, from, to, at_once) > 0; ++at_once) {
  }
  EndMove(slot, from, to);
}

void TestCluster::FailOver(uint16_t slot) {
  const size_t old_master = MasterOf(slot);
  const std::string follows_it = absl::StrCat("master_port:", node(old_master).port(), "\r");
  for (size_t i = 0; i < kNodes; ++i) {
    if (!node(i).running() || !node(i).Says(Command("INFO", "replication"), follows_it)) continue;
    // The others vote against it as long as they have not heard of the slot's last move; and it
    // refuses when it has just become the master.
    auto ask_again = std::chrono::steady_clock::time_point();
    AwaitCondition("the replica to be the master", [&] {
      if (std::chrono::steady_clock::now() >= ask_again) {
        (void)node(i).Ask(Command("CLUSTER", "FAILOVER"));
        ask_again = std::chrono::steady_clock::now() + kFailOver;
      }
      return MasterOf(slot) == i;
    });
    return AwaitHealthy();
  }
  ADD_FAILURE() << "the master of slot " << slot << " has no replica";
}

void TestCluster::AwaitHealthy() {
  for (const std::unique_ptr<TestServer>& node : nodes_) {
    if (!node->running()) continue;
    AwaitCondition("a node in a working cluster", [&] {
      return node->Says(Command("CLUSTER", "INFO"), "cluster_state:ok") &&
             !node->Says(Command("INFO", "replication"), "master_link_status:down");
    });
  }
}

}  // namespace staffetta::redis
