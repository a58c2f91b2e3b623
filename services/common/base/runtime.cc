#include "common/base/runtime.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

namespace staffetta {

Runtime::Runtime(int threads) {
  const unsigned count = threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) {
    loops_.push_back(std::make_unique<Loop>());
    Loop& loop = *loops_.back();
    loop.thread = std::thread([&loop] { loop.io.run(); });
  }
}

Runtime::~Runtime() {
  for (const auto& loop : loops_) loop->io.stop();
  for (const auto& loop : loops_) loop->thread.join();
}

Executor Runtime::executor(size_t index) const {
  return loops_[index % loops_.size()]->io.get_executor();
}

void Runtime::Block(Co<void> coroutine, size_t index) const {
  asio::co_spawn(executor(index), std::move(coroutine), asio::use_future).get();
}

}  // namespace staffetta
