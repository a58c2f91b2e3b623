#include "auth/network_table.h"

#include <gtest/gtest.h>

namespace staffetta::auth {
namespace {

NetworkTable::Entry Entry(const char* network, UserName user) {
  return {*ParseNetwork(network), user};
}

// SPEC U10
TEST(NetworkTableTest, Find_TakesTheLongestPrefixThenTheLowestUser) {
  const NetworkTable table({Entry("10.0.0.0/8", {1, 0}), Entry("10.1.0.0/16", {2, 0}),
                            Entry("192.0.2.0/24", {3, 10}), Entry("192.0.2.0/24", {3, 9}),
                            Entry("2001:db8::/32", {4, 0}), Entry("2001:db8::7", {5, 0})});
  const struct {
    const char* client;
    const char* user;  // null: nobody
  } kCases[] = {
      {"10.2.0.1", "s1_0"},   {"10.1.0.1", "s2_0"},     {"::ffff:10.1.0.1", "s2_0"},
      {"192.0.2.1", "s3_9"},  {"2001:db8::1", "s4_0"},  {"2001:db8::7", "s5_0"},
      {"11.0.0.1", nullptr},  {"2001:db9::1", nullptr}, {"::1", nullptr},
      {"127.0.0.1", nullptr},
  };
  for (const auto& c : kCases) {
    const auto found = table.Find(asio::ip::make_address(c.client));
    ASSERT_EQ(found.has_value(), c.user != nullptr) << c.client;
    if (found) EXPECT_EQ(found->ToString(), c.user) << c.client;
  }
}

TEST(UserNameTest, OneSpellingOnly_IsAName) {
  EXPECT_EQ(ParseUserName("s1_0"), (UserName{1, 0}));
  EXPECT_EQ(ParseUserName("s18446744073709551615_7"), (UserName{18446744073709551615U, 7}));
  for (const char* text :
       {"", "_", "s", "s_", "s1", "s1_", "s_1", "s0_0", "s01_0", "s1_00", "S1_0", "s1_0 ", " s1_0",
        "s1_0_0", "s+1_0", "s1_-1", "s1_0@example.com", "s18446744073709551616_0"}) {
    EXPECT_EQ(ParseUserName(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace staffetta::auth
