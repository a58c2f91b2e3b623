#include "events/cursor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staffetta::events {
namespace {

using testing::ElementsAre;

// SPEC E2: replayable, whatever the number of partitions.
TEST(CursorTest, NamesAPositionInEachPartition) {
  const Positions positions{"170-3", "0-0", "171-0"};
  const std::string text = ToCursor(positions);
  EXPECT_EQ(text, "170-3,0-0.1,171-0.2");
  EXPECT_EQ(*ParseCursor(text, 3), positions);
  EXPECT_THAT(*ParseCursor("0", 2), ElementsAre("0-0", "0-0"));
}

TEST(CursorTest, OfOnePartitionIsItsEventId) {
  EXPECT_EQ(ToCursor({"170-3"}), EventId("170-3", 0));
  EXPECT_EQ(EntryOf(EventId("170-3", 7)), "170-3");
}

TEST(CursorTest, PartitionThatItDoesNotNameIsReadFromAMinuteBefore) {
  EXPECT_THAT(*ParseCursor("100000-5.1", 3), ElementsAre("40000-0", "100000-5", "40000-0"));
  EXPECT_THAT(*ParseCursor("7-5", 2), ElementsAre("7-5", "0-0"));
}

TEST(CursorTest, AnythingElseIsRefused) {
  for (const char* text :
       {"", "yesterday", "1", "1-", "1-2.3", "1-2,1-3", "1-2.x", "1-2,", "-1-2"}) {
    EXPECT_EQ(ParseCursor(text, 2).status().code(), absl::StatusCode::kOutOfRange) << text;
  }
}

}  // namespace
}  // namespace staffetta::events
