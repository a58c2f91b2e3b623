#pragma once

#include <absl/status/status.h>

#include <boost/asio/post.hpp>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/co.h"
#include "common/base/task_group.h"

namespace staffetta {

// Group commit: items that can go together do. Confined to the group's thread.
template <class Item>
class Batcher {
  struct Batch;

 public:
  enum class Pace {
    kOneByOne,  // what arrives while a batch is being written waits for the next one
    kByTurn,    // what arrives in one turn of the loop goes out together, whatever is being written
  };
  // `write` makes a batch durable; its status is that of each item. Batches are written by
  // coroutines of `group`, of at most `most` items, or what came at once.
  using Write = std::function<Co<absl::Status>(std::vector<Item>)>;
  Batcher(TaskGroup* group, size_t most, Pace pace, Write write)
      : group_(group), most_(most), pace_(pace), write_(std::move(write)) {}

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
      if (pace_ == Pace::kByTurn) {
        group_->Spawn(WriteAfterThisTurn(next_));
      } else {
        waiting_.push_back(next_);
      }
    }
    const Ticket batch = next_;
    std::move(items.begin(), items.end(), std::back_inserter(batch->items));
    if (pace_ == Pace::kOneByOne && !writing_) {
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
      co_await WriteOne(batch);
    }
    writing_ = false;
  }

  Co<void> WriteAfterThisTurn(Ticket batch) {
    co_await asio::post(group_->executor(), use_co);
    co_await WriteOne(std::move(batch));
  }

  Co<void> WriteOne(Ticket batch) {
    if (batch == next_) next_ = nullptr;
    batch->status = co_await write_(std::move(batch->items));
    batch->written = true;
    batch->done.cancel();
  }

  TaskGroup* const group_;
  const size_t most_;
  const Pace pace_;
  const Write write_;
  Ticket next_;  // the one that still takes items
  std::vector<Ticket> waiting_;
  bool writing_ = false;
};

}  // namespace staffetta
