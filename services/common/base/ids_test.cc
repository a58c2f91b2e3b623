#include "common/base/ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace staffetta {
namespace {

using ::testing::MatchesRegex;

TEST(MessageId, CarriesItsPartition) {
  for (const int partition : {0, 1, 31, 32, 1023}) {
    EXPECT_EQ(PartitionOfMessageId(NewMessageId(partition)), partition);
  }
}

TEST(MessageId, IsTwentyTwoCharactersOfTheAlphabet) {
  EXPECT_THAT(NewMessageId(7), MatchesRegex("[0-9a-hjkmnp-tv-z]{22}"));
}

TEST(MessageId, SortsByTime) {
  const std::string first = NewMessageId(1023);
  const std::string prefix = first.substr(0, 9);
  std::string later = NewMessageId(0);
  while (later.substr(0, 9) == prefix) later = NewMessageId(0);
  EXPECT_LT(first, later);
}

TEST(MessageId, WhatIsNone_HasNoPartition) {
  const std::string id = NewMessageId(0);
  for (const std::string& text :
       {std::string(), id.substr(1), id + "0", "I" + id.substr(1), id.substr(1) + "u",
        std::string(22, ' '), std::string(21, '0') + '\0'}) {
    EXPECT_EQ(PartitionOfMessageId(text), std::nullopt) << text;
  }
}

TEST(MessageId, IsUniqueAcrossThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::vector<std::vector<std::string>> ids(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : ids) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < kEach; ++i) mine.push_back(NewMessageId(0));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : ids) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), kThreads * kEach);
}

// SPEC U3: 26 characters of 5 bits are 130 bits.
TEST(Token, HasOneHundredThirtyBits) {
  std::set<std::string> tokens;
  for (int i = 0; i < 1000; ++i) tokens.insert(NewToken());
  EXPECT_EQ(tokens.size(), 1000);
  for (const std::string& token : tokens) {
    EXPECT_THAT(token, MatchesRegex("[0-9a-hjkmnp-tv-z]{26}"));
  }
}

}  // namespace
}  // namespace staffetta
