#pragma once

// A master (server 0), two replicas and three sentinels for tests. A dead master is replaced
// within about 3 s.

#include <memory>
#include <string>
#include <vector>

#include "common/redis/test_server.h"

namespace staffetta::redis {

// Blocking; takes about 3 s to start.
class TestSentinels {
 public:
  static constexpr char kMaster[] = "relay";
  static constexpr size_t kServers = 3;

  TestSentinels();

  Deployment deployment() const;
  Client::Options options() const { return {.endpoint = deployment()}; }

  TestServer& server(size_t index) { return *servers_[index]; }
  TestServer& sentinel(size_t index) { return *sentinels_[index]; }
  size_t Master();  // as a sentinel sees it

  // All servers run and follow the master that the sentinels agree on.
  void AwaitHealthy();

 private:
  TestDirectory dir_;
  std::vector<std::unique_ptr<TestServer>> servers_;
  std::vector<std::unique_ptr<TestServer>> sentinels_;
};

}  // namespace staffetta::redis
