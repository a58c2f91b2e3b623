#pragma once

#include <absl/status/status.h>

#include <functional>
#include <iterator>
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
  struct Batch;

 public:
  // `write` makes a batch durable; its status is that of each item. Batches are written one at a
  // time, by coroutines of `group`, of at most `most` items, or what came at once.
  using Write = std::function<Co<absl::Status>(std::vector<Item>)>;
  Batcher(TaskGroup* group, size_t most, Write write)
      : group_(group), most_(most), write_(std::move(write)) {}

  Co<absl::Status> Submit(Item item) {
    std::vector<Item> items;
    items.push_back(std::move(item));
    return Written(Add(std::move(items)));
  }

  // The two halves of Submit. What comes at once is written together.
  using Ticket = std::shared_ptr<Batch>;
  Ticket Add(std::vector<Item> items) {
    if (!next_ || next_->items.size() + items.size() > most_) {
      next_ = std::make_shared<Batch>(group_->executor());
      waiting_.push_back(next_);
    }
    const Ticket batch = next_;
    std::move(items.begin(), items.end(), std::back_inserter(batch->items));
    if (!writing_) {
      writing_ = true;
      group_->Spawn(WriteAll());
    }
    return batch;
  }
  // A cancelled wait ends early, but the items are on their way: their outcome is still awaited.
  Co<absl::Status> Written(Ticket batch) {
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
      const Ticket batch = std::move(waiting_.front());
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
  Ticket next_;  // the one that still takes items
  std::vector<Ticket> waiting_;
  bool writing_ = false;
};

}  // namespace staffetta
