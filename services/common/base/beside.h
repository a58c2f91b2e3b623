#pragma once

#include <absl/status/status.h>

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <utility>

#include "common/base/co.h"
#include "common/base/task_group.h"

namespace staffetta {

// A coroutine that runs beside the one that started it, which asks for its result later. When
// nobody can ask any more it is cancelled. T is absl::Status or an absl::StatusOr. Confined to the
// group's thread; the group waits for it.
template <class T>
class Beside {
 public:
  Beside(TaskGroup* group, Co<T> coroutine)
      : running_(std::make_shared<Running>(group->executor())),
        signal_(std::make_shared<asio::cancellation_signal>()) {
    group->Spawn(Run(std::move(coroutine), running_), signal_);
  }
  ~Beside() {
    if (running_ && !running_->ended) signal_->emit(asio::cancellation_type::terminal);
  }
  Beside(Beside&&) noexcept = default;
  Beside& operator=(Beside&&) = delete;

  // Waits until it has ended; once. Who is cancelled meanwhile waits on: it ends by its own
  // deadline, or is cancelled too.
  Co<T> Result() {
    const std::shared_ptr<Running> running = running_;
    while (!running->ended) {
      boost::system::error_code woken;
      co_await running->end.async_wait(asio::redirect_error(use_co, woken));
    }
    co_return std::move(running->result);
  }

 private:
  struct Running {
    explicit Running(Executor executor) : end(executor, Timer::time_point::max()) {}
    void End() {
      ended = true;
      end.cancel();
    }
    T result = absl::InternalError("it ended by an exception");
    bool ended = false;
    Timer end;  // cancelled then
  };

  static Co<void> Run(Co<T> coroutine, std::shared_ptr<Running> running) {
    // What it awaits ends early when it is cancelled, and it ends by what it hears then.
    co_await asio::this_coro::throw_if_cancelled(false);
    const std::unique_ptr<Running, void (*)(Running*)> at_the_end(
        running.get(), [](Running* each) { each->End(); });
    running->result = co_await std::move(coroutine);
  }

  std::shared_ptr<Running> running_;
  std::shared_ptr<asio::cancellation_signal> signal_;
};

}  // namespace staffetta
