// Holds and throttles: what waits before a gate, and how it goes on.
#include "common/rpc/times.h"
#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class GatesTest : public QueueStoreTest {
 protected:
  absl::Status Release(const std::string& scope) {
    return Await(context_, admin_->Release(scope, ""));
  }
  void Throttle(v1::Throttle throttle) {
    EXPECT_TRUE(Await(context_, admin_->SetThrottle(std::move(throttle), 1, "")).ok());
  }
  static v1::Throttle Rate(const std::string& scope, int messages, absl::Duration per,
                           int burst = 1) {
    v1::Throttle throttle;
    throttle.set_scope(scope);
    throttle.set_messages(messages);
    *throttle.mutable_per() = rpc::ToProto(per);
    throttle.set_burst(burst);
    return throttle;
  }
  static v1::Throttle Daily(const std::string& scope, int recipients) {
    v1::Throttle throttle;
    throttle.set_scope(scope);
    throttle.set_recipients_per_day(recipients);
    return throttle;
  }
  // Scopes whose rate is remembered.
  std::vector<std::string> Rates() {
    const auto reply = Await(context_, client_->Run(redis::Command("ZRANGE", "rates:{0}", 0, -1)));
    std::vector<std::string> scopes;
    for (const redis::Value& scope : reply->array()) scopes.push_back(scope.str());
    return scopes;
  }
  // How long until something changes by itself.
  static absl::Duration Pause(const QueueStore::LeaseResult& result) {
    return result.outlook.until_change;
  }
};

// SPEC Q5: each kind of scope holds what is under it, what comes later included, and nothing else.
TEST_P(GatesTest, HeldScope_HandsOutNothingUntilItIsReleased) {
  for (const char* scope : {"account:1", "list:1/7", "channel:", "destination:x.example",
                            "lane:1/7//x.example", "all"}) {
    SCOPED_TRACE(scope);
    v1::NewMessage message = Message(3, {"r@x.example"});
    message.mutable_envelope()->set_list_id(7);
    const std::string before = Enqueue(message);
    Hold(scope);
    message.set_message_id(NewMessageId(0));
    const std::string after = Enqueue(message);
    EXPECT_THAT(LeaseIds(), IsEmpty());
    EXPECT_EQ(Lease().outlook.highest_waiting_class, 0) << "nothing of it could go";
    const auto held = Await(context_, admin_->DescribeMessage(after));
    EXPECT_EQ(held->deliveries[0].reason, v1::WAIT_REASON_HOLD);
    EXPECT_EQ(held->deliveries[0].scope, scope);
    EXPECT_TRUE(Release(scope).ok());
    const auto leased = Lease();
    EXPECT_THAT(Ids(leased), ElementsAre(before + ".0", after + ".0"));
    for (const auto& d : leased.deliveries) {
      Complete(Outcome(d, v1::OUTCOME_KIND_DELIVERED, {"r@x.example"}));
    }
    EXPECT_EQ(Release(scope).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(KeyCount("wait:*"), 0);
  }
}

TEST_P(GatesTest, Hold_LeavesOthersAlone) {
  Hold("destination:x.example");
  Enqueue(1, {"r@x.example"});
  const std::string other = Enqueue(5, {"r@y.example"});
  EXPECT_THAT(LeaseIds(), ElementsAre(other + ".0"));
}

TEST_P(GatesTest, Holds_AreListedWithTheirReason) {
  Hold("account:9");
  const auto holds = Await(context_, admin_->Holds());
  ASSERT_THAT(*holds, SizeIs(1));
  EXPECT_EQ(holds->at("account:9").why, "testing");
}

// SPEC Q4: a rate with a burst.
TEST_P(GatesTest, Rate_LetsTheBurstGoAndThenOneByOne) {
  Throttle(Rate("destination:x.example", 10, absl::Seconds(5), 3));
  for (int i = 0; i < 6; ++i) Enqueue(3, {"r@x.example"});
  const std::string other = Enqueue(3, {"r@y.example"}) + ".0";
  const auto first = Lease();
  EXPECT_THAT(first.deliveries, SizeIs(4)) << "the burst, and what is not throttled";
  EXPECT_GT(Pause(first), absl::Milliseconds(100));
  EXPECT_LE(Pause(first), absl::Milliseconds(500));
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Pass("0.55");
  EXPECT_THAT(LeaseIds(), SizeIs(1));
}

// SPEC Q4: waiting costs nothing that grows with what waits: the gate opens for one lane at a time.
TEST_P(GatesTest, ManyLanesBehindOneGate_TakeTurnsThroughIt) {
  Throttle(Rate("account:1", 20, absl::Seconds(1)));
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(Enqueue(3, {absl::StrCat("r@x", i, ".example")}) + ".0");
  std::vector<std::string> got;
  for (int i = 0; i < 40 && got.size() < ids.size(); ++i) {
    const auto some = LeaseIds();
    EXPECT_LE(some.size(), 1);
    got.insert(got.end(), some.begin(), some.end());
    Pass("0.03");
  }
  EXPECT_EQ(got, ids);
}

// SPEC P3: when a gate opens, the highest class behind it goes first.
TEST_P(GatesTest, HighestClassBehindAGate_GoesFirst) {
  Throttle(Rate("account:1", 2, absl::Seconds(1)));
  Enqueue(5, {"r@a.example"});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  const std::string low = Enqueue(5, {"r@b.example"}) + ".0";
  EXPECT_THAT(LeaseIds(), IsEmpty());
  const std::string urgent = Enqueue(1, {"r@c.example"}) + ".0";
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Pass("0.55");
  EXPECT_THAT(LeaseIds(), ElementsAre(urgent));
  Pass("0.55");
  EXPECT_THAT(LeaseIds(), ElementsAre(low));
}

// SPEC Q4: concurrency: as many as may be under way; each that ends lets the next go.
TEST_P(GatesTest, Concurrency_LetsTheNextGoWhenOneEnds) {
  v1::Throttle throttle;
  throttle.set_scope("channel:");
  throttle.set_concurrency(2);
  Throttle(throttle);
  for (int i = 0; i < 4; ++i) Enqueue(3, {"r@x.example"});
  const auto first = Lease();
  EXPECT_THAT(first.deliveries, SizeIs(2));
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Complete(Outcome(first.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {"r@x.example"}));
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  Complete(Outcome(first.deliveries[1], v1::OUTCOME_KIND_DELIVERED, {}));
  EXPECT_THAT(LeaseIds(), SizeIs(1)) << "handed back is as good as done";
}

// SPEC Q2, Q4: a worker that dies gives its places free with its leases.
TEST_P(GatesTest, LostLease_GivesItsPlaceFree) {
  v1::Throttle throttle;
  throttle.set_scope("channel:");
  throttle.set_concurrency(1);
  Throttle(throttle);
  store_ = NewStore(absl::Milliseconds(1));
  Enqueue(3, {"r@x.example"});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  Pass("0.01");
  EXPECT_THAT(LeaseIds(), SizeIs(1));
}

// SPEC Q4: recipients in any 24 hours.
TEST_P(GatesTest, DailyRecipients_AreCounted) {
  Throttle(Daily("account:*", 3));
  Enqueue(3, {"a@x.example", "b@x.example"});
  const std::string second = Enqueue(3, {"c@x.example", "d@x.example"});
  Enqueue(3, {"e@x.example"}, 2);
  const auto result = Lease();
  EXPECT_THAT(result.deliveries, SizeIs(2))
      << "4 would be more than 3; the other account has its own";
  const auto described = Await(context_, admin_->DescribeMessage(second));
  EXPECT_GT(described->deliveries[0].reason_at - described->now, absl::Hours(24));
  EXPECT_LE(described->deliveries[0].reason_at - described->now, absl::Hours(25));
}

// SPEC Q4: they are counted by the hour, and those of an hour as long as any of them may count.
TEST_P(GatesTest, DailyRecipients_AreThoseOfAnyDay) {
  Throttle(Daily("account:1", 3));
  Enqueue(3, {"r@x.example"});
  const auto set_used = [this](int64_t hours_ago) {
    const int64_t hour = absl::ToUnixSeconds(absl::Now()) / 3600 - hours_ago;
    Await(context_, client_->Run(redis::Command("DEL", "day:{0}:account:1"))).IgnoreError();
    EXPECT_TRUE(
        Await(context_, client_->Run(redis::Command("HSET", "day:{0}:account:1", hour, 3))).ok());
    Throttle(Daily("account:1", 3));  // who waits is looked at again
  };
  set_used(24);
  EXPECT_THAT(LeaseIds(), IsEmpty()) << "some of them may be less than a day old";
  set_used(25);
  EXPECT_THAT(LeaseIds(), SizeIs(1));
}

// SPEC Q4: what a worker did not try uses up nothing of the day.
TEST_P(GatesTest, HandedBack_GivesItsPartOfTheDayBack) {
  Throttle(Daily("account:1", 3));
  Enqueue(3, {"a@x.example", "b@x.example"});
  for (int i = 0; i < 3; ++i) {
    const auto leased = Lease();
    ASSERT_THAT(leased.deliveries, SizeIs(1)) << i;
    Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {}));
  }
  const auto leased = Lease();
  Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {"a@x.example"}));
  Enqueue(3, {"c@x.example", "d@x.example"});
  EXPECT_THAT(LeaseIds(), IsEmpty()) << "two of three are used";
}

// SPEC Q4: nor of the rate.
TEST_P(GatesTest, HandedBack_GivesItsTurnOfTheRateBack) {
  Throttle(Rate("account:1", 1, absl::Hours(1)));
  const std::string id = Enqueue(3, {"a@x.example"}) + ".0";
  for (int i = 0; i < 3; ++i) {
    const auto leased = Lease();
    ASSERT_THAT(Ids(leased), ElementsAre(id)) << i;
    Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {}));
  }
  const auto leased = Lease();
  Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {"a@x.example"}));
  Enqueue(3, {"b@x.example"});
  EXPECT_THAT(LeaseIds(), IsEmpty());
}

// SPEC Q4: a wider limit counts at once, also for who waits under the narrower one.
TEST_P(GatesTest, WiderRate_CountsAtOnce) {
  Throttle(Rate("account:*", 1, absl::Hours(1)));
  for (int i = 0; i < 3; ++i) Enqueue(3, {"r@x.example"});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Throttle(Rate("account:1", 1, absl::Seconds(10)));
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Throttle(Rate("account:1", 10, absl::Seconds(1)));
  EXPECT_THAT(LeaseIds(), SizeIs(1));
}

// SPEC P3: an urgent delivery may be behind the last of the gates that open at once.
TEST_P(GatesTest, ManyDueGates_HandOutTheHighestClassFirst) {
  Throttle(Rate("destination:*", 1, absl::Milliseconds(200)));
  constexpr int kLanes = 300;
  const auto enqueue = [this](int message_class, int lane) {
    return Enqueue(message_class, {absl::StrCat("r@x", lane, ".example")});
  };
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kLanes; ++i) enqueue(5, i);
  }
  enqueue(5, kLanes);
  while (!LeaseIds(64).empty()) continue;
  const std::string urgent = enqueue(1, kLanes) + ".0";
  EXPECT_THAT(LeaseIds(64), IsEmpty()) << "all gates are closed";
  Pass("0.25");
  std::vector<std::string> first;
  for (int i = 0; i < 10 && first.empty(); ++i) first = LeaseIds(64);
  EXPECT_EQ(first[0], urgent);
}

// SPEC P3: nor does what is enqueued then overtake those that waited.
TEST_P(GatesTest, NewMail_DoesNotOvertakeAtAGateThatIsDue) {
  Throttle(Rate("channel:", 1, absl::Milliseconds(200)));
  Enqueue(1, {"r@x.example"});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  const std::string urgent = Enqueue(1, {"r@x.example"}) + ".0";
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Pass("0.25");
  std::vector<StorableMessage> batch;
  batch.push_back(*ToStorable(Message(5, {"r@y.example"}), {}));
  const auto result = Await(context_, store_->Enqueue(std::move(batch), Credits(1)));
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(Ids(*result), ElementsAre(urgent));
}

// A scope that is throttled and held opens for nobody, and nobody has to look.
TEST_P(GatesTest, HeldScopeWithAThrottle_WaitsForItsRelease) {
  Throttle(Rate("channel:", 1, absl::Milliseconds(20)));
  for (int i = 0; i < 5; ++i) Enqueue(3, {absl::StrCat("r@x", i, ".example")});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  Hold("channel:");
  Pass("0.03");
  EXPECT_THAT(LeaseIds(), IsEmpty());
  EXPECT_GT(Pause(Lease()), absl::Seconds(50)) << "until the lease ends";
  EXPECT_TRUE(Release("channel:").ok());
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  Pass("0.03");
  EXPECT_THAT(LeaseIds(), SizeIs(1));
}

// SPEC Q4: a change counts at once, also for who waits already.
TEST_P(GatesTest, RemovedThrottle_LetsAllGo) {
  Throttle(Rate("account:1", 1, absl::Hours(1)));
  for (int i = 0; i < 3; ++i) Enqueue(3, {"r@x.example"});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  EXPECT_THAT(LeaseIds(), IsEmpty());
  EXPECT_THAT(Await(context_, admin_->GetStats())->closed_gates, ElementsAre(1, 0, 0));
  v1::Throttle none;
  none.set_scope("account:1");
  Throttle(none);
  EXPECT_THAT(LeaseIds(), SizeIs(2));
  EXPECT_THAT(*Await(context_, admin_->Throttles()), IsEmpty());
}

// SPEC O5: by kind of scope; a gate counts once, however many lanes wait before it, until it opens.
TEST_P(GatesTest, HoldsAndClosedGates_AreCountedByKind) {
  const auto stats = [this] { return *Await(context_, admin_->GetStats()); };
  for (const char* scope : {"destination:a.example", "destination:b.example", "list:1/2", "all"}) {
    Hold(scope);
  }
  EXPECT_THAT(stats().holds, ElementsAre(0, 0, 2, 1, 0, 1));
  EXPECT_TRUE(Release("all").ok());
  EXPECT_TRUE(Release("destination:a.example").ok());
  EXPECT_THAT(stats().holds, ElementsAre(0, 0, 1, 1, 0, 0));

  Throttle(Rate("destination:*", 1, absl::Seconds(1)));
  Throttle(Rate("account:2", 1, absl::Hours(1)));
  for (int i = 0; i < 2; ++i) {
    Enqueue(3, {"r@x.example"});
    Enqueue(3, {"r@y.example"});
    Enqueue(3, {"r@z.example"}, 2);
  }
  EXPECT_THAT(LeaseIds(), SizeIs(3));
  EXPECT_THAT(stats().closed_gates, ElementsAre(1, 0, 2));
  Pass("1.1");
  EXPECT_THAT(LeaseIds(), SizeIs(2));
  EXPECT_THAT(stats().closed_gates, ElementsAre(1, 0, 0)) << "nothing waits before the others";
}

TEST_P(GatesTest, Throttles_AreListedAsTheyWereSet) {
  const v1::Throttle set = Rate("destination:*", 30, absl::Minutes(1), 5);
  Throttle(set);
  const auto throttles = Await(context_, admin_->Throttles());
  ASSERT_THAT(*throttles, SizeIs(1));
  EXPECT_EQ((*throttles)[0].SerializeAsString(), set.SerializeAsString());
}

// SPEC Q6: who waits before a gate is told so, and until when.
TEST_P(GatesTest, ThrottledDelivery_KnowsWhatItWaitsFor) {
  Throttle(Rate("destination:x.example", 1, absl::Minutes(1)));
  Enqueue(3, {"r@x.example"});
  const std::string second = Enqueue(3, {"r@x.example"});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  const auto described = Await(context_, admin_->DescribeMessage(second));
  EXPECT_EQ(described->deliveries[0].reason, v1::WAIT_REASON_THROTTLE);
  EXPECT_EQ(described->deliveries[0].scope, "destination:x.example");
  EXPECT_NEAR(absl::ToDoubleSeconds(described->deliveries[0].reason_at - described->now), 60, 5);
}

// More of them than one command names.
TEST_P(GatesTest, ReleasedHold_LetsEveryLaneGo) {
  constexpr int kLanes = 1500;
  Throttle(Rate("destination:*", 1, absl::Hours(1)));
  Hold("all");
  for (int i = 0; i < kLanes; ++i) Enqueue(3, {absl::StrCat("a@x", i, ".example")});
  // One call takes 1,000 turns.
  EXPECT_THAT(LeaseIds(kLanes), IsEmpty());
  EXPECT_THAT(LeaseIds(kLanes), IsEmpty());
  EXPECT_EQ(Lease().outlook.highest_waiting_class, 0) << "all lanes wait";
  EXPECT_TRUE(Release("all").ok());
  EXPECT_THAT(LeaseIds(kLanes), SizeIs(1000));
  EXPECT_THAT(LeaseIds(kLanes), SizeIs(kLanes - 1000));
}

// SPEC Q4: a throttled lane is woken once, at little cost.
TEST_P(GatesTest, OpeningGates_CostFewCommands) {
  constexpr int kLanes = 50;
  Throttle(Rate("destination:*", 1, absl::Seconds(1)));
  for (int i = 0; i < kLanes; ++i) {
    for (int k = 0; k < 3; ++k) Enqueue(3, {absl::StrCat("a@x", i, ".example")});
  }
  EXPECT_THAT(LeaseIds(kLanes), SizeIs(kLanes));
  Pass("1.1");
  const int64_t commands = CommandsOf([&] { EXPECT_THAT(LeaseIds(kLanes), SizeIs(kLanes)); });
  EXPECT_LE(commands, 4 * kLanes) << "out of the lane; from before the gate, and there again";
}

// What a scope sent counts no longer than it has to.
TEST_P(GatesTest, RatesThatWereKept_AreForgotten) {
  Throttle(Rate("destination:slow.example", 1, absl::Hours(1)));
  Throttle(Rate("destination:fast.example", 100, absl::Seconds(1)));
  for (const char* recipient : {"r@slow.example", "r@fast.example"}) Enqueue(3, {recipient});
  EXPECT_THAT(LeaseIds(), SizeIs(2));
  Pass("0.05");
  Lease(Credits(1), true);
  EXPECT_THAT(Rates(), ElementsAre("destination:slow.example"));
}

// I6: looking at closed gates costs the same, however much waits behind them.
TEST_P(GatesTest, ClosedGates_CostNothingWhileTheyAreClosed) {
  Throttle(Rate("destination:*", 1, absl::Hours(1)));
  const auto commands_of_one_lease = [this] {
    return CommandsOf([this] { EXPECT_THAT(LeaseIds(), IsEmpty()); });
  };
  const int64_t empty = commands_of_one_lease();
  for (int i = 0; i < 100; ++i) {
    Enqueue(3, {absl::StrCat("a@x", i, ".example")});
    Enqueue(3, {absl::StrCat("b@x", i, ".example")});
  }
  EXPECT_THAT(LeaseIds(1000), SizeIs(100));
  EXPECT_THAT(LeaseIds(), IsEmpty());
  EXPECT_LE(commands_of_one_lease(), empty + 2);
}

INSTANTIATE_TEST_SUITE_P(Content, GatesTest, testing::ValuesIn(kPlaces), NameOfPlace);

}  // namespace
}  // namespace staffetta::queue
