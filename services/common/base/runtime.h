#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "common/base/co.h"

namespace staffetta {

// The process's threads, each running one io_context. Services are confined to one of them; the
// gateway spreads its sessions over all.
class Runtime {
 public:
  // Starts `threads` threads; 0: one per processor.
  explicit Runtime(int threads);
  // Stops and joins them; what is still suspended is destroyed without being resumed.
  ~Runtime();

  size_t size() const { return loops_.size(); }
  // The loop `index` modulo their number.
  Executor executor(size_t index) const;

  // Runs a coroutine on loop `index` and blocks the calling thread (none of the loops') until it
  // ends.
  void Block(Co<void> coroutine, size_t index = 0) const;

 private:
  struct Loop {
    asio::io_context io{1};
    asio::executor_work_guard<Executor> guard{io.get_executor()};
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace staffetta
