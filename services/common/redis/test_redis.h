#pragma once

// A real redis-server for tests, in a temporary directory that goes with it.

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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
  Client::Options options() const { return {.endpoint = endpoint()}; }

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

// Runs `context` until `coroutine` has ended; gives its result.
template <class T>
T Await(asio::io_context& context, Co<T> coroutine) {
  std::optional<T> result;
  asio::co_spawn(context.get_executor(), std::move(coroutine),
                 [&result](std::exception_ptr error, T value) {
                   if (error) std::rethrow_exception(error);
                   result = std::move(value);
                 });
  context.restart();
  while (!result.has_value() && context.run_one() > 0) {
  }
  return *std::move(result);
}

}  // namespace staffetta::redis
