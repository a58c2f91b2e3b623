#pragma once

#include <atomic>

namespace staffetta::rpc {

// Marks the hand-over of a call's state between our thread and one of gRPC's, which synchronise
// inside the library: what was written before Give() is visible after Take(). The library has its
// own barriers; these say it to the compiler and to the thread sanitizer.
class Handoff {
 public:
  void Give() { turn_.fetch_add(1, std::memory_order_release); }
  void Take() const { (void)turn_.load(std::memory_order_acquire); }

 private:
  std::atomic<unsigned> turn_{0};
};

}  // namespace staffetta::rpc
