#pragma once

// redis-server processes on TCP, for tests of what several of them do together.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/base/await.h"
#include "common/redis/client.h"

namespace staffetta::redis {

// A directory that goes with it.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A port of 127.0.0.1 that is free now, outside of the range that the system gives out by itself;
// never the same twice in a process.
uint16_t FreeTestPort();

// Polls until `condition` holds; aborts the test program, naming `what`, after 20 s.
void AwaitCondition(const std::string& what, const std::function<bool()>& condition);

// Blocking. Aborts the test program when Redis cannot be started. Killed when it is destroyed.
class TestServer {
 public:
  // Started in `dir`, which is made, by `argv` and `--dir dir`.
  TestServer(std::string dir, uint16_t port, std::vector<std::string> argv);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  Endpoint endpoint() const;
  uint16_t port() const { return port_; }
  bool running() const { return pid_ >= 0; }

  // By a connection made for it.
  absl::StatusOr<Value> Ask(Command command);
  // Whether `part` is in the text that it answers.
  bool Says(Command command, const std::string& part);

  void Start();     // does not wait until it is ready
  void Kill();      // SIGKILL, and waits until it is gone
  void Suspend();   // SIGSTOP
  void Continue();  // SIGCONT

 private:
  const std::string dir_;
  const uint16_t port_;
  const std::vector<std::string> argv_;
  pid_t pid_ = -1;
};

}  // namespace staffetta::redis
