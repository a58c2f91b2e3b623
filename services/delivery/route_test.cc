#include "delivery/route.h"

#include <gtest/gtest.h>

namespace staffetta::delivery {
namespace {

const std::vector<RouteRule>& Rules() {
  static const std::vector<RouteRule> rules = {
      {"example.com", "a.test", 25},
      {"*.example.com", "b.test", 26},
      {"example.com", "never.test", 27},
      {"*", "c.test", 28},
  };
  return rules;
}

TEST(RouteTest, FirstRuleThatMatchesWins) {
  struct Row {
    std::string destination, host;
  };
  for (const Row& row : {Row{"example.com", "a.test"}, Row{"x.example.com", "b.test"},
                         Row{"y.x.example.com", "b.test"}, Row{"notexample.com", "c.test"},
                         Row{"example.com.evil.test", "c.test"}}) {
    const Route route = ChooseRoute("shared", row.destination, Rules());
    ASSERT_TRUE(std::holds_alternative<FixedRoute>(route)) << row.destination;
    EXPECT_EQ(std::get<FixedRoute>(route).host, row.host) << row.destination;
  }
}

TEST(RouteTest, WithoutRuleDnsDecides) {
  EXPECT_EQ(ChooseRoute("shared", "example.org", {}), Route(MxRoute{"example.org"}));
}

// SPEC D13
TEST(RouteTest, SandboxIsStrongerThanAnyRule) {
  EXPECT_EQ(ChooseRoute("sandbox", "example.com", Rules()), Route(SandboxRoute{}));
}

TEST(RouteTest, UnknownChannel_LeadsNowhere) {
  EXPECT_EQ(ChooseRoute("", "example.com", Rules()), Route(NoRoute{}));
  EXPECT_EQ(ChooseRoute("office365", "example.com", Rules()), Route(NoRoute{}));
}

TEST(RouteTest, DomainsWithOneFixedRouteShareASite) {
  EXPECT_EQ(SiteKey(ChooseRoute("shared", "x.example.com", Rules())), "b.test:26");
  EXPECT_EQ(SiteKey(ChooseRoute("shared", "y.example.com", Rules())), "b.test:26");
  EXPECT_EQ(SiteKey(ChooseRoute("shared", "example.org", {})), "example.org");
}

}  // namespace
}  // namespace staffetta::delivery
