#pragma once

#include <cstdint>
#include <deque>

#include "common/base/co.h"

namespace staffetta::delivery {

// Room for content that has to be held whole (`delivery.max_whole_content`). Confined to its
// executor's thread.
class ContentRoom {
 public:
  ContentRoom(Executor executor, int64_t size) : executor_(executor), size_(size) {}

  // Waits until there is room for so many bytes, in the order of asking; what is larger than all
  // room gets it when nobody else has any. False: cancelled, and nothing is taken.
  Co<bool> Take(int64_t bytes);
  void GiveBack(int64_t bytes);

  int64_t used() const { return used_; }

 private:
  struct Waiting {
    int64_t bytes;
    bool served = false;
    Timer wake;  // cancelled then
  };

  bool Fits(int64_t bytes) const { return used_ == 0 || bytes <= size_ - used_; }
  void Serve();

  const Executor executor_;
  const int64_t size_;
  int64_t used_ = 0;
  std::deque<Waiting*> waiting_;
};

}  // namespace staffetta::delivery
