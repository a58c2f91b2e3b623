#include "delivery/content_room.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "common/base/task_group.h"

namespace staffetta::delivery {
namespace {

class ContentRoomTest : public testing::Test {
 protected:
  Co<void> TakeOne(int64_t bytes) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const bool taken = co_await room_.Take(bytes);
    if (taken) taken_.push_back(bytes);
  }
  void Take(int64_t bytes) {
    group_.Spawn(TakeOne(bytes));
    Run();
  }
  void GiveBack(int64_t bytes) {
    room_.GiveBack(bytes);
    Run();
  }
  void Run() {
    context_.restart();
    context_.poll();
  }

  asio::io_context context_;
  TaskGroup group_{context_.get_executor(), "test"};
  ContentRoom room_{context_.get_executor(), 100};
  std::vector<int64_t> taken_;
};

using Taken = std::vector<int64_t>;

TEST_F(ContentRoomTest, NFitAndOneMoreWaits) {
  Take(60);
  Take(40);
  Take(1);
  EXPECT_EQ(taken_, Taken({60, 40}));
  GiveBack(40);
  EXPECT_EQ(taken_, Taken({60, 40, 1}));
  EXPECT_EQ(room_.used(), 61);
}

TEST_F(ContentRoomTest, WhoCameFirst_IsServedFirst) {
  Take(100);
  Take(70);
  Take(10);
  GiveBack(50);
  EXPECT_EQ(taken_, Taken({100})) << "the small one does not overtake";
  GiveBack(50);
  EXPECT_EQ(taken_, Taken({100, 70, 10}));
}

TEST_F(ContentRoomTest, WhatIsLargerThanAll_GoesAlone) {
  Take(1);
  Take(101);
  EXPECT_EQ(taken_, Taken({1}));
  GiveBack(1);
  EXPECT_EQ(taken_, Taken({1, 101}));
  Take(1);
  GiveBack(101);
  EXPECT_EQ(taken_, Taken({1, 101, 1}));
}

TEST_F(ContentRoomTest, Cancelled_TakesNothingAndHoldsUpNobody) {
  Take(60);
  auto signal = std::make_shared<asio::cancellation_signal>();
  group_.Spawn(TakeOne(50), signal);
  Take(40);
  signal->emit(asio::cancellation_type::terminal);
  Run();
  EXPECT_EQ(taken_, Taken({60, 40}));
  EXPECT_EQ(room_.used(), 100);
}

}  // namespace
}  // namespace staffetta::delivery
