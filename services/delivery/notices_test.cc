#include "delivery/notices.h"

#include <gtest/gtest.h>

#include <vector>

namespace staffetta::delivery {
namespace {

const absl::Time kAccepted = absl::FromUnixSeconds(1'700'000'000);
constexpr DelayRule kRule = {.after = absl::Hours(4)};

Delivery With(Kind kind, smtp::Notify notify) {
  Delivery delivery;
  delivery.sender = "s@example.com";
  delivery.recipients = {"a@example.net"};
  delivery.demands.notices = {{notify, ""}};
  delivery.accept_time = kAccepted;
  delivery.outcomes = {{kind, {}, "mx.test [192.0.2.1]"}};
  return delivery;
}

// SPEC B1: RFC 3461 §5.2
TEST(NoticesTest, Notify_DecidesWhatIsTold) {
  struct Row {
    Kind kind;
    smtp::Notify notify;
    News late, early;  // at five hours, at three
  };
  constexpr smtp::Notify kUnset{}, kNever{.never = true}, kSuccess{.success = true},
      kFailure{.failure = true}, kDelay{.delay = true};
  const std::vector<Row> rows = {
      {Kind::kFailed, kUnset, News::kFailed, News::kFailed},
      {Kind::kFailed, kNever, News::kNone, News::kNone},
      {Kind::kFailed, kFailure, News::kFailed, News::kFailed},
      {Kind::kFailed, kSuccess, News::kNone, News::kNone},
      {Kind::kFailed, kDelay, News::kNone, News::kNone},
      {Kind::kDeferred, kUnset, News::kNone, News::kNone},
      {Kind::kDeferred, kNever, News::kNone, News::kNone},
      {Kind::kDeferred, kFailure, News::kNone, News::kNone},
      {Kind::kDeferred, kDelay, News::kDelayed, News::kNone},
      {Kind::kUnknown, kDelay, News::kDelayed, News::kNone},
      {Kind::kDelivered, kSuccess, News::kNone, News::kNone},
  };
  for (const Row& row : rows) {
    Delivery delivery = With(row.kind, row.notify);
    const int at = static_cast<int>(&row - rows.data());
    EXPECT_EQ(NewsOf(delivery, 0, kRule, kAccepted + absl::Hours(5)), row.late) << at;
    EXPECT_EQ(NewsOf(delivery, 0, kRule, kAccepted + absl::Hours(3)), row.early) << at;
    delivery.sender.clear();
    EXPECT_EQ(NewsOf(delivery, 0, kRule, kAccepted + absl::Hours(5)), News::kNone) << at;
  }
}

// SPEC B1
TEST(NoticesTest, Delay_IsToldOnce) {
  Delivery delivery = With(Kind::kDeferred, {.delay = true});
  const absl::Time now = kAccepted + absl::Hours(5);
  delivery.last_attempt_time = kAccepted + absl::Hours(4) - absl::Seconds(1);
  EXPECT_EQ(NewsOf(delivery, 0, kRule, now), News::kDelayed);
  delivery.last_attempt_time = kAccepted + absl::Hours(4);
  EXPECT_EQ(NewsOf(delivery, 0, kRule, now), News::kNone);
}

TEST(NoticesTest, DelayRule_CanBeOffOrForAll) {
  Delivery asked = With(Kind::kDeferred, {.delay = true});
  Delivery unasked = With(Kind::kDeferred, {});
  unasked.demands.notices.clear();
  Delivery otherwise = With(Kind::kDeferred, {.failure = true});
  const absl::Time now = kAccepted + absl::Hours(5);
  EXPECT_EQ(NewsOf(asked, 0, {.after = absl::ZeroDuration()}, now), News::kNone);
  EXPECT_EQ(NewsOf(unasked, 0, {.unasked = true}, now), News::kDelayed);
  EXPECT_EQ(NewsOf(otherwise, 0, {.unasked = true}, now), News::kNone);
}

// RFC 3461 §5.2.2, RFC 2852 §4
TEST(NoticesTest, Relay_IsToldWhereTheNextHostDoesNot) {
  const PeerAbilities none;
  const PeerAbilities dsn{.dsn = true};
  const PeerAbilities timely{.deliver_by = true};
  const Delivery asked = With(Kind::kDelivered, {.success = true});
  EXPECT_TRUE(TellsOfRelay(asked, 0, none));
  EXPECT_FALSE(TellsOfRelay(asked, 0, dsn));

  Delivery plain = With(Kind::kDelivered, {});
  EXPECT_FALSE(TellsOfRelay(plain, 0, none));
  plain.demands.deliver_by = kAccepted;
  EXPECT_TRUE(TellsOfRelay(plain, 0, dsn));
  EXPECT_FALSE(TellsOfRelay(plain, 0, timely));
  plain.demands.trace = true;
  EXPECT_TRUE(TellsOfRelay(plain, 0, timely));
  plain.demands.notices[0].notify.never = true;
  EXPECT_FALSE(TellsOfRelay(plain, 0, none));
}

TEST(NoticesTest, WhatIsToldOfADelivery_DependsOnWhoTookIt) {
  Delivery delivery = With(Kind::kDelivered, {.success = true});
  delivery.outcomes[0].tell = true;
  EXPECT_EQ(NewsOf(delivery, 0, kRule, kAccepted), News::kRelayed);
  delivery.outcomes[0].host.clear();
  EXPECT_EQ(NewsOf(delivery, 0, kRule, kAccepted), News::kDelivered);
}

// SPEC Q3: RFC 2852
TEST(NoticesTest, DeadlinePassed_ReturnsOrTellsOnce) {
  Delivery delivery = With(Kind::kDeferred, {});
  const absl::Time deadline = kAccepted + absl::Minutes(2);
  delivery.demands.deliver_by = deadline;
  EXPECT_FALSE(IsTooLate(delivery, deadline));
  EXPECT_EQ(NewsOf(delivery, 0, kRule, deadline), News::kDelayed);
  delivery.last_attempt_time = deadline;
  EXPECT_EQ(NewsOf(delivery, 0, kRule, deadline + absl::Minutes(1)), News::kNone);

  delivery.demands.return_late = true;
  EXPECT_TRUE(IsTooLate(delivery, deadline));
  EXPECT_FALSE(IsTooLate(delivery, deadline - absl::Seconds(1)));
}

// RFC 2852 §4: who let it pass has told.
TEST(NoticesTest, DeadlineThatHadPassedOnArrival_IsNoNews) {
  Delivery delivery = With(Kind::kDeferred, {});
  for (const absl::Duration left : {absl::ZeroDuration(), absl::Seconds(-30)}) {
    delivery.demands.deliver_by = kAccepted + left;
    EXPECT_EQ(NewsOf(delivery, 0, kRule, kAccepted + absl::Minutes(1)), News::kNone) << left;
  }
}

}  // namespace
}  // namespace staffetta::delivery
