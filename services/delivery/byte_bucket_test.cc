#include "delivery/byte_bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace staffetta::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Ticket = ByteBucket::Ticket;
using Time = ByteBucket::Time;

constexpr int64_t kRate = 1'000'000;  // a slice is 5,000 bytes

// Spends the whole slices that are there.
void Drain(ByteBucket* bucket, Time now) {
  Ticket last = bucket->Ask(1, bucket->slice());
  while (!bucket->Grant(now).empty()) last = bucket->Ask(1, bucket->slice());
  bucket->Withdraw(last);
}

class ByteBucketTest : public testing::Test {
 protected:
  // 55,000 bytes are there at the beginning: eleven slices.
  void Empty() { Drain(&bucket_, now_); }

  Time now_{std::chrono::hours(1000)};
  ByteBucket bucket_{kRate, now_};
};

struct SliceRow {
  int64_t rate;
  size_t slice;
};

// SPEC P3: a write that has begun holds up an urgent one by 5 ms, where a slice is worth a write.
TEST(ByteBucket, SliceIsFiveMillisecondsOfTheRate_WithinBounds) {
  for (const SliceRow& row : {SliceRow{1024, 1024}, SliceRow{200'000, 1024},
                              SliceRow{400'000, 2000}, SliceRow{10'000'000, 50'000},
                              SliceRow{13'200'000, 64 << 10}, SliceRow{10'000'000'000, 64 << 10}}) {
    EXPECT_EQ(ByteBucket(row.rate, Time()).slice(), row.slice) << row.rate;
  }
}

// SPEC D12: over time exactly the rate, whatever it is and however the bytes are asked for.
TEST(ByteBucket, RateIsExactOverTime) {
  for (const int64_t rate : {1024, 77'777, 1'000'003, 123'456'789}) {
    for (const size_t bytes : {size_t{1}, size_t{333}, size_t{1024}}) {
      Time now(std::chrono::hours(1000));
      ByteBucket bucket(rate, now);
      Drain(&bucket, now);
      const auto next = [&] {
        bucket.Ask(1, bytes);
        now = std::max(now, bucket.Next()->at);
        EXPECT_EQ(bucket.Grant(now).size(), 1U);
      };
      // What was left of a slice.
      for (Time before = now; before == now;) next();
      const Time begin = now;
      constexpr int kRequests = 20'000;
      for (int i = 0; i < kRequests; ++i) next();
      const double took = std::chrono::duration<double, std::nano>(now - begin).count();
      const double expected = 1e9 * kRequests * static_cast<double>(bytes) / rate;
      EXPECT_NEAR(took, expected, 1) << "ns, at " << rate << " by " << bytes;
    }
  }
}

// Timers are late: that costs nothing.
TEST_F(ByteBucketTest, LateGrants_CatchUp) {
  Empty();
  const Time begin = now_;
  for (int i = 0; i < 70; ++i) {
    bucket_.Ask(5, 5000);
    now_ = std::max(now_, bucket_.Next()->at);
    if (i % 7 == 0) now_ += milliseconds(30);
    ASSERT_EQ(bucket_.Grant(now_).size(), 1U);
  }
  EXPECT_EQ(now_ - begin, milliseconds(70 * 5));
}

TEST_F(ByteBucketTest, NobodyAsks_NoMoreThanABurstIsKept) {
  now_ += std::chrono::hours(1);
  size_t at_once = 0;
  for (bucket_.Ask(1, 1000); !bucket_.Grant(now_).empty(); bucket_.Ask(1, 1000)) at_once += 1000;
  EXPECT_EQ(at_once, 55'000U) << "50 ms and a slice";
  EXPECT_EQ(bucket_.burst(), milliseconds(55));
}

// SPEC P3: strict.
TEST_F(ByteBucketTest, HigherClassGoesFirst_WheneverItCame) {
  Empty();
  std::map<Ticket, int> classes;
  for (const int each : {5, 3, 4, 1, 2, 1, 9, 0}) classes[bucket_.Ask(each, 1000)] = each;
  std::vector<int> order;
  for (int i = 0; i < 8; ++i) {
    now_ = bucket_.Next()->at;
    for (const Ticket ticket : bucket_.Grant(now_)) order.push_back(classes[ticket]);
  }
  EXPECT_THAT(order, ElementsAre(1, 1, 0, 2, 3, 4, 5, 9));
}

// The bytes that gathered for a lower one go to the higher one that comes before they are enough.
TEST_F(ByteBucketTest, UrgentOneTakesWhatGathersForALowerOne) {
  Empty();
  const Ticket low = bucket_.Ask(5, 5000);
  now_ += milliseconds(4);
  EXPECT_THAT(bucket_.Grant(now_), IsEmpty());
  const Ticket urgent = bucket_.Ask(1, 4000);
  EXPECT_THAT(bucket_.Grant(now_), ElementsAre(urgent));
  now_ += milliseconds(4);
  EXPECT_THAT(bucket_.Grant(now_), IsEmpty());
  now_ += milliseconds(1);
  EXPECT_THAT(bucket_.Grant(now_), ElementsAre(low));
}

// SPEC P3: a lower class gets nothing while a higher one wants all, and resumes by itself.
TEST_F(ByteBucketTest, LowerClassIsHeld_UntilTheHigherOneEnds) {
  Empty();
  const Ticket low = bucket_.Ask(5, 5000);
  Ticket urgent = bucket_.Ask(1, 5000);
  for (int i = 0; i < 1000; ++i) {
    now_ = bucket_.Next()->at;
    ASSERT_THAT(bucket_.Grant(now_), ElementsAre(urgent));
    urgent = bucket_.Ask(1, 5000);
  }
  bucket_.Withdraw(urgent);
  EXPECT_EQ(bucket_.Next()->ticket, low);
  EXPECT_EQ(bucket_.Next()->at, now_ + milliseconds(5));
  EXPECT_THAT(bucket_.Grant(now_ + milliseconds(5)), ElementsAre(low));
}

// A late timer leaves bytes over: they are for the transfer that asks again in a moment.
TEST_F(ByteBucketTest, WhatALateOneFinds_IsNotForLowerClasses) {
  Empty();
  const Ticket low = bucket_.Ask(5, 5000);
  const Ticket first = bucket_.Ask(2, 5000);
  now_ += milliseconds(20);
  EXPECT_THAT(bucket_.Grant(now_), ElementsAre(first));
  now_ += milliseconds(1);
  const Ticket second = bucket_.Ask(2, 5000);
  EXPECT_THAT(bucket_.Grant(now_), ElementsAre(second));
  now_ += milliseconds(1);
  const Ticket end = bucket_.Ask(2, 100);
  EXPECT_THAT(bucket_.Grant(now_), ElementsAre(end));
  EXPECT_EQ(bucket_.Next()->at, now_ + milliseconds(4)) << "five after the last whole slice";
  EXPECT_THAT(bucket_.Grant(now_ + milliseconds(4)), ElementsAre(low));
}

// Small messages leave no such pause behind: what they don't need, others use at once.
TEST_F(ByteBucketTest, BelowASlice_NobodyIsExpectedBack) {
  Empty();
  const Ticket low = bucket_.Ask(5, 5000);
  const Ticket urgent = bucket_.Ask(1, 2000);
  EXPECT_THAT(bucket_.Grant(now_ + milliseconds(7)), ElementsAre(urgent, low));
}

TEST_F(ByteBucketTest, InsideAClass_FirstComeFirstServed) {
  Empty();
  const Ticket first = bucket_.Ask(3, 3000);
  const Ticket second = bucket_.Ask(3, 100);
  const Ticket third = bucket_.Ask(3, 100);
  now_ += milliseconds(1);
  EXPECT_THAT(bucket_.Grant(now_), IsEmpty()) << "the small one does not pass the large one";
  bucket_.Withdraw(second);
  EXPECT_THAT(bucket_.Grant(now_ + seconds(1)), ElementsAre(first, third));
  EXPECT_FALSE(bucket_.Next());
}

// Three transfers that ask for slice after slice share alike.
TEST_F(ByteBucketTest, TransfersOfAClassTakeTurns) {
  Empty();
  std::map<Ticket, int> transfers;
  std::map<int, int> slices;
  for (int transfer = 0; transfer < 3; ++transfer) transfers[bucket_.Ask(4, 5000)] = transfer;
  for (int i = 0; i < 300; ++i) {
    now_ = bucket_.Next()->at;
    for (const Ticket ticket : bucket_.Grant(now_)) {
      ++slices[transfers[ticket]];
      transfers[bucket_.Ask(4, 5000)] = transfers[ticket];
    }
  }
  for (const auto& [transfer, count] : slices) EXPECT_EQ(count, 100) << transfer;
}

TEST_F(ByteBucketTest, WithdrawnTwiceOrGranted_IsIgnored) {
  const Ticket ticket = bucket_.Ask(3, 100);
  EXPECT_THAT(bucket_.Grant(now_), ElementsAre(ticket));
  bucket_.Withdraw(ticket);
  bucket_.Withdraw(ticket);
  EXPECT_FALSE(bucket_.Next());
}

}  // namespace
}  // namespace staffetta::delivery
