#pragma once

// The Redis that the suites of the queue's stores run on: one server, unless STAFFETTA_TEST_REDIS
// says "sentinel" (a master that sentinels watch) or "cluster" (three masters with a replica each:
// the slot of partition 0 moves between them all the time, and where it is the replica takes over).

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/redis/test_cluster.h"
#include "common/redis/test_redis.h"
#include "common/redis/test_sentinel.h"

namespace staffetta::queue {

// Blocking; the changes of master are made on a thread of its own.
class TestDeployment {
 public:
  TestDeployment();
  ~TestDeployment();

  redis::Client::Options options() const;
  void FlushAll();
  // As TestRedis::Raw, on one server only.
  std::string Raw(const std::string& line) const { return single_->Raw(line); }
  // As long as this is held no master changes: a look at all keys sees each once.
  std::unique_lock<std::mutex> Still() { return std::unique_lock(changing_); }

 private:
  void ChangeMasters();

  // One of them.
  std::unique_ptr<redis::TestRedis> single_;
  std::unique_ptr<redis::TestSentinels> sentinels_;
  std::unique_ptr<redis::TestCluster> cluster_;
  std::mutex changing_;
  std::atomic<bool> stopping_ = false;
  std::thread changer_;
};

}  // namespace staffetta::queue
