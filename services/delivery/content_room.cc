#include "delivery/content_room.h"

namespace staffetta::delivery {

Co<bool> ContentRoom::Take(int64_t bytes) {
  if (waiting_.empty() && Fits(bytes)) {
    used_ += bytes;
    co_return true;
  }
  Waiting place{.bytes = bytes, .wake = Timer(executor_, Timer::time_point::max())};
  waiting_.push_back(&place);
  boost::system::error_code woken;
  co_await place.wake.async_wait(asio::redirect_error(use_co, woken));
  if (place.served) co_return true;
  std::erase(waiting_, &place);
  Serve();  // those behind it may need less
  co_return false;
}

void ContentRoom::GiveBack(int64_t bytes) {
  used_ -= bytes;
  Serve();
}

void ContentRoom::Serve() {
  while (!waiting_.empty() && Fits(waiting_.front()->bytes)) {
    Waiting& first = *waiting_.front();
    waiting_.pop_front();
    used_ += first.bytes;
    first.served = true;
    first.wake.cancel();
  }
}

}  // namespace staffetta::delivery
