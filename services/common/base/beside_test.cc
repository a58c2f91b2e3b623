#include "common/base/beside.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <optional>
#include <stdexcept>

#include "common/base/await.h"

namespace staffetta {
namespace {

// Ends OK by its timer, CANCELLED when it is cancelled.
Co<absl::Status> WaitFor(Timer* timer, int* ended) {
  boost::system::error_code woken;
  co_await timer->async_wait(asio::redirect_error(use_co, woken));
  ++*ended;
  co_return timer->expiry() == Timer::time_point::max() ? absl::CancelledError("early")
                                                        : absl::OkStatus();
}

Co<absl::Status> Throw() {
  throw std::runtime_error("deliberate");
  co_return absl::OkStatus();
}

class BesideTest : public testing::Test {
 protected:
  asio::io_context io_{1};
  TaskGroup group_{io_.get_executor(), "test"};
  Timer timer_{io_.get_executor(), Timer::time_point::max()};
  int ended_ = 0;
};

TEST_F(BesideTest, Result_IsThereHoweverLateItIsAskedFor) {
  Beside<absl::Status> early(&group_, WaitFor(&timer_, &ended_));
  timer_.expires_after(std::chrono::seconds(0));
  io_.run();
  EXPECT_EQ(ended_, 1);
  EXPECT_TRUE(Await(io_, early.Result()).ok());
}

TEST_F(BesideTest, WhoAsksEarly_Waits) {
  Beside<absl::Status> late(&group_, WaitFor(&timer_, &ended_));
  asio::post(io_, [this] { timer_.expires_after(std::chrono::seconds(0)); });
  EXPECT_TRUE(Await(io_, late.Result()).ok());
}

TEST_F(BesideTest, NobodyLeftToAsk_CancelsIt) {
  { const Beside<absl::Status> forgotten(&group_, WaitFor(&timer_, &ended_)); }
  io_.run();
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(group_.size(), 0U);
}

TEST_F(BesideTest, Exception_IsAnError) {
  Beside<absl::Status> throwing(&group_, Throw());
  EXPECT_EQ(Await(io_, throwing.Result()).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace staffetta
