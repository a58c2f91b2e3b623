#pragma once

#include <absl/status/status.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/co.h"
#include "common/base/task_group.h"

namespace staffetta {

// Group commit: what arrives while one batch is being written goes out together in the next. A lone
// item never waits. Confined to the group's thread.
template <class Item>
class Batcher {
 public:
  // `write` makes a batch durable; its status is that of each item. Batches are written one at a
  // time, by coroutines of `group`, of at most `most` items.
  using Write = std::function<Co<absl::Status>(std::vector<Item>)>;
  Batcher(TaskGroup* group, size_t most, Write write)
      : group_(group), most_(most), write_(std::move(write)) {}

  Co<absl::Status> Submit(Item item) {
    if (!next_ || next_->items.size() >= most_) {
      next_ = std::make_shared<Batch>(group_->executor());
      waiting_.push_back(next_);
    }
    const std::shared_ptr<Batch> batch = next_;
    batch->items.push_back(std::move(item));
    if (!writing_) {
      writing_ = true;
      group_->Spawn(WriteAll());
    }
    // A cancelled wait ends early, but the item is on its way: its outcome is still awaited.
    while (!batch->written) {
      boost::system::error_code woken;
      co_await batch->done.async_wait(asio::redirect_error(use_co, woken));
    }
    co_return batch->status;
  }

 private:
  struct Batch {
    explicit Batch(Executor executor) : done(executor, Timer::time_point::max()) {}
    std::vector<Item> items;
    bool written = false;
    absl::Status status;
    Timer done;  // cancelled when written
  };

  Co<void> WriteAll() {
    while (!waiting_.empty()) {
      const std::shared_ptr<Batch> batch = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      if (batch == next_) next_ = nullptr;
      batch->status = co_await write_(std::move(batch->items));
      batch->written = true;
      batch->done.cancel();
    }
    writing_ = false;
  }

  TaskGroup* const group_;
  const size_t most_;
  const Write write_;
  std::shared_ptr<Batch> next_;  // the one that still takes items
  std::vector<std::shared_ptr<Batch>> waiting_;
  bool writing_ = false;
};

}  // namespace staffetta
