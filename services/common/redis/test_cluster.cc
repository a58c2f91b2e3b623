#include "common/redis/test_cluster.h"

#include <gtest/gtest.h>

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

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
    std::vector<std::string> argv = {
        "redis-server", "--port", absl::StrCat(port), "--bind", "127.0.0.1", "--cluster-enabled",
        "yes", "--cluster-port", absl::StrCat(bus_ports_.back()), "--cluster-node-timeout", "1000",
        "--appendonly", "yes", "--appendfsync", "always", "--save", "",
        "--repl-diskless-sync-delay", "0"};
    nodes_.push_back(std::make_unique<TestServer>(absl::StrCat(dir_.path(), "/", i), port,
                                                  std::move(argv)));
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

std::string TestCluster::TagOf(size_t master) {
  for (int n = 0;; ++n) {
    std::string tag = absl::StrCat("{", n, "}");
    const uint16_t slot = SlotOf(tag);
    if (slot >= FirstSlot(master) && slot < FirstSlot(master + 1)) return tag;
  }
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

void TestCluster::Move(uint16_t slot, size_t from, size_t to) {
  BeginMove(slot, from, to);
  while (MoveKeys(slot, from, to, 10) > 0) {
  }
  EndMove(slot, from, to);
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
