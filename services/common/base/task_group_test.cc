#include "common/base/task_group.h"

#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <stdexcept>

namespace staffetta {
namespace {

// Waits for its timer and says how that ended.
Co<void> WaitFor(Timer* timer, boost::system::error_code* ended) {
  co_await timer->async_wait(asio::redirect_error(use_co, *ended));
}

Co<void> Set(bool* done) {
  *done = true;
  co_return;
}

Co<void> Throw() {
  throw std::runtime_error("deliberate");
  co_return;
}

Co<void> WaitEmpty(TaskGroup* group, bool* done) {
  co_await group->Wait();
  *done = true;
}

// Spawns into the group it runs in, after its timer.
Co<void> SpawnLater(TaskGroup* group, Timer* timer, bool* done) {
  boost::system::error_code ended;
  co_await timer->async_wait(asio::redirect_error(use_co, ended));
  group->Spawn(Set(done));
}

class TaskGroupTest : public ::testing::Test {
 protected:
  // Runs what is ready, without waiting.
  void Poll() {
    io_.restart();
    io_.poll();
  }
  // The waiter lives in a group of its own, which is empty once `done` is true.
  void Watch(bool* done) { watchers_.Spawn(WaitEmpty(&group_, done)); }

  asio::io_context io_{1};
  TaskGroup watchers_{io_.get_executor(), "watchers"};
  TaskGroup group_{io_.get_executor(), "test"};
  Timer timer_{io_.get_executor(), Timer::time_point::max()};
};

TEST_F(TaskGroupTest, EndedCoroutine_LeavesTheGroup) {
  bool done = false;
  group_.Spawn(Set(&done));
  Poll();
  EXPECT_TRUE(done);
  EXPECT_EQ(group_.size(), 0);
}

TEST_F(TaskGroupTest, Wait_ResumesOnlyWhenTheLastOneEnded) {
  boost::system::error_code first, second;
  Timer other{io_.get_executor(), Timer::time_point::max()};
  bool empty = false;
  group_.Spawn(WaitFor(&timer_, &first));
  group_.Spawn(WaitFor(&other, &second));
  Watch(&empty);
  Poll();
  EXPECT_EQ(group_.size(), 2);
  EXPECT_FALSE(empty);
  timer_.cancel();
  Poll();
  EXPECT_EQ(group_.size(), 1);
  EXPECT_FALSE(empty);
  other.cancel();
  Poll();
  EXPECT_EQ(group_.size(), 0);
  EXPECT_TRUE(empty);
}

TEST_F(TaskGroupTest, Wait_OnAnEmptyGroupReturnsAtOnce) {
  bool empty = false;
  Watch(&empty);
  Poll();
  EXPECT_TRUE(empty);
}

TEST_F(TaskGroupTest, Wait_IncludesWhatIsSpawnedMeanwhile) {
  bool done = false;
  bool empty = false;
  group_.Spawn(SpawnLater(&group_, &timer_, &done));
  Watch(&empty);
  Poll();
  timer_.cancel();
  Poll();
  EXPECT_TRUE(done);
  EXPECT_TRUE(empty);
  EXPECT_EQ(group_.size(), 0);
}

TEST_F(TaskGroupTest, Wait_ServesSeveralWaiters) {
  boost::system::error_code ended;
  bool first = false;
  bool second = false;
  group_.Spawn(WaitFor(&timer_, &ended));
  Watch(&first);
  Watch(&second);
  Poll();
  timer_.cancel();
  Poll();
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
}

TEST_F(TaskGroupTest, Cancel_EndsAllAwaits) {
  boost::system::error_code first, second;
  Timer other{io_.get_executor(), Timer::time_point::max()};
  group_.Spawn(WaitFor(&timer_, &first));
  group_.Spawn(WaitFor(&other, &second));
  Poll();
  group_.Cancel();
  Poll();
  EXPECT_EQ(first, asio::error::operation_aborted);
  EXPECT_EQ(second, asio::error::operation_aborted);
  EXPECT_EQ(group_.size(), 0);
}

TEST_F(TaskGroupTest, Cancel_OfAnEmptyGroupDoesNothing) {
  group_.Cancel();
  bool done = false;
  group_.Spawn(Set(&done));
  Poll();
  EXPECT_TRUE(done);
}

TEST_F(TaskGroupTest, Exception_EndsItsCoroutineOnly) {
  boost::system::error_code ended;
  group_.Spawn(WaitFor(&timer_, &ended));
  group_.Spawn(Throw());
  Poll();
  EXPECT_EQ(group_.size(), 1);
  timer_.cancel();
  Poll();
  EXPECT_EQ(group_.size(), 0);
}

}  // namespace
}  // namespace staffetta
