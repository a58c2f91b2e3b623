#include "queue/admin_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace staffetta::queue {
namespace {

using testing::HasSubstr;

TEST(Scopes, AreStoredInOneForm) {
  const struct {
    std::string text;
    std::string stored;
  } rows[] = {
      {"all", "all"},
      {"account:7", "account:7"},
      {"account:007", "account:7"},
      {"list:01/00", "list:1/0"},
      {"channel:shared", "channel:shared"},
      {"channel:", "channel:"},
      {"destination:X.Example", "destination:x.example"},
      {"destination:BÜCHER.example", "destination:xn--bcher-kva.example"},
      {"destination:[192.0.2.1]", "destination:[192.0.2.1]"},
      {"lane:01/0/shared/X.example", "lane:1/0/shared/x.example"},
      {"lane:1/0//x.example", "lane:1/0//x.example"},
      {"lane:1/0/shared/", "lane:1/0/shared/"},
  };
  for (const auto& row : rows) {
    const auto scope = HoldScope(row.text);
    ASSERT_TRUE(scope.ok()) << scope.status();
    EXPECT_EQ(*scope, row.stored);
  }
  for (const char* each : {"account:*", "channel:*", "destination:*"}) {
    EXPECT_EQ(*ThrottleScope(each), each);
  }
  EXPECT_EQ(*ThrottleScope("destination:X.example"), "destination:x.example");
}

TEST(Scopes, ThatNothingCanMatch_AreRefused) {
  const struct {
    std::string text;
    std::string why;
  } rows[] = {
      {"destination:*", "\"destination:*\" is for throttles only; all holds everything"},
      {"account:*", "all holds everything"},
      {"destination:*x", "is not destination:DOMAIN"},
      {"destination:", "is not destination:DOMAIN"},
      {"destination:a b", "is not destination:DOMAIN"},
      {"destination:a\nb", "is not destination:DOMAIN"},
      {"destination:" + std::string(256, 'a'), "is not destination:DOMAIN"},
      {"destination:" + std::string(600, 'a'), "scope: longer than 600 bytes"},
      {"account:", "is not account:N"},
      {"account:-1", "is not account:N"},
      {"account:ann", "is not account:N"},
      {"list:1", "\"list:1\" is not list:ACCOUNT/LIST, two numbers"},
      {"list:1/2/3", "is not list:ACCOUNT/LIST"},
      {"channel:a/b", "is not channel:NAME"},
      {"channel:a b", "is not channel:NAME"},
      {"channel:" + std::string(256, 'a'), "is not channel:NAME"},
      {"lane:foo", "\"lane:foo\" is not lane:ACCOUNT/LIST/CHANNEL/DESTINATION"},
      {"lane:a/0/shared/x.example", "is not lane:"},
      {"lane:1/0/shared/x example", "is not lane:"},
      {"lane:1/0/shared/x.example/y", "is not lane:"},
      {"", "is none of all, account:N"},
      {"everything", "is none of all, account:N"},
      {"account", "is none of all, account:N"},
  };
  for (const auto& row : rows) {
    const auto scope = HoldScope(row.text);
    EXPECT_EQ(scope.status().code(), absl::StatusCode::kInvalidArgument) << row.text;
    EXPECT_THAT(std::string(scope.status().message()), HasSubstr(row.why));
  }
  for (const char* held_only : {"all", "list:1/0", "lane:1/0/shared/x.example"}) {
    EXPECT_THAT(std::string(ThrottleScope(held_only).status().message()),
                HasSubstr("is none of account:N, channel:NAME, destination:DOMAIN (* for each)"));
  }
}

// SPEC Q5
TEST(Scopes, HoldTheLanesThatAreTheirs) {
  const std::string lane = "7/0/shared/x.example";
  for (const char* scope : {"all", "account:7", "list:7/0", "channel:shared",
                            "destination:x.example", "lane:7/0/shared/x.example"}) {
    EXPECT_TRUE(Holds(scope, lane)) << scope;
  }
  for (const char* scope : {"account:0", "account:77", "list:7/1", "channel:", "channel:sandbox",
                            "destination:example", "lane:7/0/shared/y.example", "lane:foo"}) {
    EXPECT_FALSE(Holds(scope, lane)) << scope;
  }
  EXPECT_TRUE(Holds("channel:", "7/0//"));
}

// SPEC Q5: as a hold's.
TEST(Selectors, HaveTheirLaneInOneForm) {
  for (const char* text : {"1/0/shared/x.example", "01/00/shared/X.Example"}) {
    v1::Selector selector;
    selector.set_lane(text);
    ASSERT_TRUE(CheckSelector(&selector).ok()) << text;
    EXPECT_EQ(selector.lane(), "1/0/shared/x.example");
  }
}

// SPEC Q5
TEST(Changes, ThatMeanNothing_AreRefusedWithTheField) {
  const auto error = [](auto set) {
    v1::ChangeDeliveriesRequest request;
    request.mutable_selector()->set_account_id(1);
    request.set_change(v1::DELIVERY_CHANGE_REROUTE);
    set(&request, request.mutable_selector());
    const absl::Status status = CheckChange(&request);
    return std::string(status.message());
  };
  using R = v1::ChangeDeliveriesRequest*;
  using S = v1::Selector*;
  EXPECT_EQ(error([](R, S) {}), "") << "by MX";
  EXPECT_EQ(error([](R r, S) { r->set_channel("sandbox"); }), "");
  EXPECT_EQ(error([](R, S s) { s->set_list_id(0); }), "");
  EXPECT_EQ(error([](R r, S) { r->set_channel("nope"); }),
            "channel: \"nope\" is unknown; use \"shared\" or \"sandbox\"");
  EXPECT_EQ(error([](R, S s) { s->Clear(); }), "selector: says nothing; name at least one thing");
  EXPECT_EQ(error([](R, S s) {
              s->Clear();
              s->set_list_id(0);
            }),
            "list_id: needs account_id, whose list it is");
  EXPECT_EQ(error([](R, S s) { s->set_class_(6); }), "class: 6 is not 1…5, or 0 for any");
  EXPECT_EQ(error([](R, S s) { s->set_class_(-1); }), "class: -1 is not 1…5, or 0 for any");
  EXPECT_EQ(error([](R, S s) { s->set_state(static_cast<v1::DeliveryState>(99)); }),
            "state: 99 is not 1…7, or 0 for any");
  EXPECT_EQ(error([](R, S s) { s->mutable_older_than()->set_seconds(-1); }),
            "older_than: is negative; 0 is the least");
  EXPECT_EQ(error([](R, S s) { s->set_lane("foo"); }),
            "lane: \"foo\" is not ACCOUNT/LIST/CHANNEL/DESTINATION");
  EXPECT_EQ(error([](R, S s) { s->set_lane(std::string(601, 'a')); }),
            "lane: longer than 600 bytes");
  EXPECT_EQ(error([](R r, S) { r->clear_change(); }), "change: is not set");
  EXPECT_EQ(error([](R r, S) { r->set_change(static_cast<v1::DeliveryChange>(99)); }),
            "change: 99 is not 1…6");
  EXPECT_EQ(error([](R r, S) { r->set_reason(std::string(501, 'a')); }),
            "reason: longer than 500 characters");
}

// SPEC Q4
TEST(Throttles, ThatAreNone_AreRefused) {
  v1::Throttle throttle;
  EXPECT_TRUE(CheckThrottle(throttle).ok());
  throttle.set_burst(3);
  EXPECT_FALSE(HasLimits(throttle)) << "a burst alone";
  throttle.set_messages(3);
  EXPECT_TRUE(HasLimits(throttle));
  throttle.mutable_per()->set_seconds(86400);
  EXPECT_TRUE(CheckThrottle(throttle).ok());
  throttle.mutable_per()->set_seconds(86401);
  EXPECT_FALSE(CheckThrottle(throttle).ok());
  throttle.clear_per();
  throttle.set_concurrency(-1);
  EXPECT_EQ(CheckThrottle(throttle), absl::InvalidArgumentError("concurrency: is negative"));
}

}  // namespace
}  // namespace staffetta::queue
