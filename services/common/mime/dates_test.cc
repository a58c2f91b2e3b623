#include "common/mime/dates.h"

#include <gtest/gtest.h>

#include <limits>

namespace staffetta::mime {
namespace {

TEST(Dates, AreWrittenAsInRfc5322) {
  EXPECT_EQ(FormatDate(0), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(FormatDate(951782399), "Mon, 28 Feb 2000 23:59:59 +0000");
  EXPECT_EQ(FormatDate(951782400), "Tue, 29 Feb 2000 00:00:00 +0000");
  EXPECT_EQ(FormatDate(1795323313), "Sun, 22 Nov 2026 04:55:13 +0000");
  EXPECT_EQ(FormatDate(-1), "Wed, 31 Dec 1969 23:59:59 +0000");
}

TEST(Dates, OutsideTheYears_TheNearestIsTaken) {
  EXPECT_EQ(FormatDate(std::numeric_limits<int64_t>::max()), "Fri, 31 Dec 9999 23:59:59 +0000");
  EXPECT_EQ(FormatDate(std::numeric_limits<int64_t>::min()), "Mon, 01 Jan 1900 00:00:00 +0000");
}

}  // namespace
}  // namespace staffetta::mime
