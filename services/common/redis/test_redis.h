#pragma once

// A real redis-server for tests, in a temporary directory that goes with it.

#include <memory>
#include <string>

#include "common/base/await.h"
#include "common/redis/client.h"
#include "common/redis/embedded.h"

namespace staffetta::redis {

// Blocking, except where a Client is used. Aborts the test program when Redis cannot be started.
class TestRedis {
 public:
  // By default nothing is synced, for speed.
  explicit TestRedis(EmbeddedRedis::Fsync fsync = EmbeddedRedis::Fsync::kNever);
  ~TestRedis();
  TestRedis(const TestRedis&) = delete;
  TestRedis& operator=(const TestRedis&) = delete;

  const Endpoint& endpoint() const { return redis_->endpoint(); }
  const std::string& dir() const { return dir_; }
  pid_t pid() const { return redis_->pid(); }
  Deployment deployment() const { return Deployment::Server(endpoint()); }
  Client::Options options() const { return {.endpoint = deployment()}; }

  void FlushAll();
  // One inline command by a connection of its own ("CONFIG SET maxmemory 1"); the reply as sent.
  std::string Raw(const std::string& line) const;

  void Kill();      // SIGKILL, and waits until it is gone
  void Restart();   // after Kill; waits until it is ready, with the data that its file had
  void Suspend();   // SIGSTOP
  void Continue();  // SIGCONT

 private:
  std::string dir_;
  std::unique_ptr<EmbeddedRedis> redis_;
};

}  // namespace staffetta::redis
