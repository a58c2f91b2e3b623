#pragma once

// A real Redis Cluster for tests: three masters (nodes 0 to 2) with a third of the slots each, and
// a replica of each (nodes 3 to 5). A dead node is replaced within about 2.5 s.

#include <memory>
#include <string>
#include <vector>

#include "common/redis/slot.h"
#include "common/redis/test_server.h"

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
  // A hash tag whose slot this master had at the start.
  static std::string TagOf(size_t master);

  // The steps of moving a slot to another master, as redis-cli does them.
  void BeginMove(uint16_t slot, size_t from, size_t to);
  int MoveKeys(uint16_t slot, size_t from, size_t to, int most);  // how many went
  void EndMove(uint16_t slot, size_t from, size_t to);
  // All of them.
  void Move(uint16_t slot, size_t from, size_t to);

  void AwaitHealthy();  // all nodes that live serve all slots, each replica follows its master

 private:
  std::string IdOf(size_t index) const { return std::string(40, static_cast<char>('a' + index)); }
  void WriteView(size_t index, const std::string& dir) const;

  TestDirectory dir_;
  std::vector<uint16_t> bus_ports_;
  std::vector<std::unique_ptr<TestServer>> nodes_;
};

}  // namespace staffetta::redis
