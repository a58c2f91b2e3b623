#include "common/base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staffetta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ParseDuration, ReadsNumbersWithUnits) {
  const struct {
    const char* text;
    absl::Duration expected;
  } kCases[] = {
      {"0", absl::ZeroDuration()}, {"0s", absl::ZeroDuration()}, {"500ms", absl::Milliseconds(500)},
      {"30s", absl::Seconds(30)},  {"5m", absl::Minutes(5)},     {"36h", absl::Hours(36)},
      {"5d", absl::Hours(120)},    {"1h30m", absl::Minutes(90)}, {"1d12h", absl::Hours(36)},
      {"1.5d", absl::Hours(36)},   {"400d", absl::Hours(9600)},  {"36525d", absl::Hours(876600)},
  };
  for (const auto& c : kCases) {
    const auto parsed = ParseDuration(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(*parsed, c.expected) << c.text;
  }
}

TEST(ParseDuration, RefusesWhatIsNoFiniteLengthOfTime) {
  const struct {
    const char* text;
    const char* why;
  } kCases[] = {
      {"", "not a length"},    {"5", "without unit"},      {"1h30", "without unit"},
      {"s", "not a length"},   {"-5s", "negative"},        {"5 s", "not a length"},
      {"5w", "not a length"},  {"5D", "not a length"},     {"1..5s", "not a length"},
      {"inf", "not a length"}, {"+5s", "not a length"},    {"9999999999999999h", "too long"},
      {"36526d", "too long"},  {"1h-30m", "not a length"},
  };
  for (const auto& c : kCases) {
    const auto parsed = ParseDuration(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text << " was read as " << *parsed;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(c.why)) << c.text;
  }
}

TEST(ParseBytes, ReadsBinaryAndDecimalUnits) {
  const struct {
    const char* text;
    int64_t expected;
  } kCases[] = {
      {"0", 0},
      {"4096", 4096},
      {"4096B", 4096},
      {"64KiB", 65536},
      {"25MiB", 25LL << 20},
      {"1GiB", 1LL << 30},
      {"2TiB", 2LL << 40},
      {"10kB", 10'000},
      {"10MB", 10'000'000},
      {"1GB", 1'000'000'000},
      {"9223372036854775807", INT64_MAX},
      {"8388607TiB", 8388607LL << 40},
  };
  for (const auto& c : kCases) {
    const auto parsed = ParseBytes(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.status();
    EXPECT_EQ(*parsed, c.expected) << c.text;
  }
}

TEST(ParseBytes, RefusesOverflowAndWhatIsNoSize) {
  for (const char* text : {"", "MiB", "-1", "-1KiB", "1.5MiB", "25 MiB", "25M", "25mib", "0x10",
                           "+5", "9223372036854775808", "8388608TiB", "99999999999999999999"}) {
    const auto parsed = ParseBytes(text);
    ASSERT_FALSE(parsed.ok()) << text << " was read as " << *parsed;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ParsePorts, AreSortedAndUnique) {
  EXPECT_THAT(*ParsePorts("587,25,25"), ElementsAre(25, 587));
  EXPECT_THAT(*ParsePorts("26, 23-25 ,24"), ElementsAre(23, 24, 25, 26));
  EXPECT_THAT(*ParsePorts("65535"), ElementsAre(65535));
  EXPECT_THAT(*ParsePorts("7-7"), ElementsAre(7));
}

// SPEC S1
TEST(ParsePorts, RangesIncludeBothEnds) {
  const auto ports = ParsePorts("23,25,26,80,587,1025-5000");
  ASSERT_TRUE(ports.ok());
  EXPECT_EQ(ports->size(), 5 + 3976);
  EXPECT_EQ((*ports)[5], 1025);
  EXPECT_EQ(ports->back(), 5000);
}

TEST(ParsePorts, ZeroStandsAlone) {
  EXPECT_THAT(*ParsePorts("0"), ElementsAre(0));
  for (const char* text : {"0,25", "25,0", "0-25"}) {
    EXPECT_FALSE(ParsePorts(text).ok()) << text;
  }
}

TEST(ParsePorts, ErrorsQuoteThePartAtFault) {
  const struct {
    const char* text;
    const char* part;
  } kCases[] = {
      {"", "\"\""},
      {"25,", "\"\""},
      {"25,smtp", "\"smtp\""},
      {"25,65536", "\"65536\""},
      {"25,100-90,26", "\"100-90\""},
      {"25,-90", "\"-90\""},
      {"25,90-", "\"90-\""},
      {"25,1-2-3", "\"1-2-3\""},
      {"25,+26", "\"+26\""},
      {"25 26", "\"25 26\""},
  };
  for (const auto& c : kCases) {
    const auto parsed = ParsePorts(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(c.part)) << c.text;
  }
}

TEST(Ports, Formatted_AreReadAgain) {
  const std::vector<std::pair<std::vector<uint16_t>, std::string>> kTable = {
      {{}, ""},
      {{25}, "25"},
      {{587, 25, 26}, "25-26,587"},
      {{1, 3, 4, 5, 65535}, "1,3-5,65535"},
  };
  for (const auto& [ports, text] : kTable) EXPECT_EQ(FormatPorts(ports), text);
  EXPECT_EQ(FormatPorts(*ParsePorts("23,25,80,1025-5000")), "23,25,80,1025-5000");
}

}  // namespace
}  // namespace staffetta
