#include "common/base/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace staffetta {
namespace {

using testing::ElementsAre;
using Numbers = Batcher<int>;

class BatcherTest : public testing::Test {
 protected:
  // A batcher whose writes end when the test says so.
  std::unique_ptr<Numbers> New(Numbers::Pace pace, size_t most = 3) {
    return std::make_unique<Numbers>(&group_, most, pace,
                                     [this](std::vector<int> items) { return Write(items); });
  }
  Co<absl::Status> Write(std::vector<int> items) {
    written_.push_back(std::move(items));
    auto end = std::make_shared<Timer>(io_.get_executor(), Timer::time_point::max());
    running_.push_back(end);
    boost::system::error_code ended;
    co_await end->async_wait(asio::redirect_error(use_co, ended));
    co_return result_;
  }
  void EndWrite() {
    running_.front()->cancel();
    running_.pop_front();
    Poll();
  }
  void Submit(Numbers* batcher, int item) { submitters_.Spawn(SubmitAndCount(batcher, item)); }
  Co<void> SubmitAndCount(Numbers* batcher, int item) {
    last_status_ = co_await batcher->Submit(item);
    ++answered_;
  }
  void Poll() {
    io_.restart();
    io_.poll();
  }

  asio::io_context io_{1};
  TaskGroup group_{io_.get_executor(), "batches"};
  TaskGroup submitters_{io_.get_executor(), "submitters"};
  std::vector<std::vector<int>> written_;
  std::deque<std::shared_ptr<Timer>> running_;
  absl::Status result_;
  absl::Status last_status_ = absl::UnknownError("never set");
  int answered_ = 0;
};

TEST_F(BatcherTest, OneByOne_WhatArrivesMeanwhileGoesOutTogetherInTheNext) {
  const auto batcher = New(Numbers::Pace::kOneByOne);
  for (int i = 1; i <= 5; ++i) Submit(batcher.get(), i);
  Poll();
  EXPECT_THAT(written_, ElementsAre(ElementsAre(1)));
  EndWrite();
  EXPECT_THAT(written_, ElementsAre(ElementsAre(1), ElementsAre(2, 3, 4)));
  EXPECT_EQ(answered_, 1);
  EndWrite();
  EXPECT_EQ(answered_, 4);
  EndWrite();
  EXPECT_EQ(answered_, 5);
  EXPECT_THAT(written_.back(), ElementsAre(5));
}

TEST_F(BatcherTest, ByTurn_WhatComesInOneTurnGoesTogetherAndWaitsForNoOther) {
  const auto batcher = New(Numbers::Pace::kByTurn);
  for (int i = 1; i <= 4; ++i) Submit(batcher.get(), i);
  Poll();
  EXPECT_THAT(written_, ElementsAre(ElementsAre(1, 2, 3), ElementsAre(4)));
  Submit(batcher.get(), 5);
  Poll();
  EXPECT_THAT(written_.back(), ElementsAre(5)) << "although two are being written";
  while (!running_.empty()) EndWrite();
  EXPECT_EQ(answered_, 5);
}

TEST_F(BatcherTest, ItemsThatCameAtOnce_AreNotParted) {
  const auto batcher = New(Numbers::Pace::kOneByOne);
  Submit(batcher.get(), 1);
  Submit(batcher.get(), 2);
  Poll();
  const auto ticket = batcher->Add({3, 4, 5, 6});
  Poll();
  while (!running_.empty()) EndWrite();
  EXPECT_THAT(written_, ElementsAre(ElementsAre(1), ElementsAre(2), ElementsAre(3, 4, 5, 6)));
}

TEST_F(BatcherTest, FailedWrite_IsTheStatusOfEachOfItsItemsAndOfNoOther) {
  const auto batcher = New(Numbers::Pace::kOneByOne);
  result_ = absl::UnavailableError("disk");
  Submit(batcher.get(), 1);
  Poll();
  EndWrite();
  EXPECT_EQ(last_status_, result_);
  result_ = absl::OkStatus();
  Submit(batcher.get(), 2);
  Poll();
  EndWrite();
  EXPECT_TRUE(last_status_.ok());
}

}  // namespace
}  // namespace staffetta
