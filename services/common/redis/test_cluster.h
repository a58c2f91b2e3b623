#pragma once

// A real Redis Cluster for tests: three masters (at first nodes 0 to 2) with a third of the slots
// each, and a replica of each (nodes 3 to 5). A dead master is replaced within about 2.5 s.

#include <memory>
#include <string>
#include <vector>

#include "common/redis/test_server.h"
#include "common/redis/topology.h"

namespace staffetta::redis {

// Blocking; takes about 2.5 s to start.
class TestCluster {
 public:
  static constexpr size_t kMasters = 3;
  static constexpr size_t kNodes = 6;

  TestCluster();

  Deployment deployment() const;
  Client::Options options() const { return {.endpoint = deployment()}; }

  TestServer& node(size_t index) { return *nodes_[index]; }
  // Who says so of itself; if nobody does, whom another takes for it.
  size_t MasterOf(uint16_t slot);
  // A master that does not serve the slot.
  size_t AnotherMaster(uint16_t slot);

  // The steps of moving a slot to another master, as redis-cli does them.
  void BeginMove(uint16_t slot, size_t from, size_t to);
  int MoveKeys(uint16_t slot, size_t from, size_t to, int most);  // how many went
  void EndMove(uint16_t slot, size_t from, size_t to);
  // All of them, to another master; one key, then two at once, and so on: thousands must not take
  // long.
  void Move(uint16_t slot);

  // The slot's master makes its replica the master, with all it has, and follows it.
  void FailOver(uint16_t slot);

  void AwaitHealthy();  // all running nodes serve all slots, and each replica follows its master

 private:
  std::string IdOf(size_t index) const { return std::string(40, static_cast<char>('a' + index)); }
  void WriteView(size_t index, const std::string& dir) const;

  TestDirectory dir_;
  std::vector<uint16_t> bus_ports_;
  std::vector<std::unique_ptr<TestServer>> nodes_;
};

}  // namespace staffetta::redis
