// Time: expiry in every place, and deliveries whose workers die.
#include "common/rpc/times.h"
#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TimeTest : public QueueStoreTest {
 protected:
  std::string EnqueueFor(absl::Duration lifetime, const std::string& recipient,
                         int message_class = 3) {
    v1::NewMessage message = Message(message_class, {recipient});
    message.mutable_lifetime()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(lifetime)));
    return Enqueue(message) + ".0";
  }
  void Change(v1::DeliveryChange change, const std::string& delivery) {
    const auto changed =
        Await(context_, admin_->Change({.change = change, .event = "e"}, {delivery}));
    EXPECT_TRUE(changed.ok()) << changed.status();
  }
  QueueStore::LeaseResult Sweep(int credits) { return Lease(Credits(credits), true); }
};

// SPEC Q3: what waits in a lane behind a higher class, before a gate, or paused, expires in its
// time.
TEST_P(TimeTest, Expiry_ActsInEveryPlace) {
  const std::string starved = EnqueueFor(absl::Milliseconds(500), "r@low.example", 5);
  const std::string held = EnqueueFor(absl::Milliseconds(500), "r@held.example");
  Hold("destination:held.example");
  const std::string paused = EnqueueFor(absl::Milliseconds(500), "r@paused.example");
  Change(v1::DELIVERY_CHANGE_PAUSE, paused);
  for (int i = 0; i < 3; ++i) Enqueue(1, {"r@busy.example"});
  EXPECT_THAT(Sweep(1).deliveries, SizeIs(1)) << "the first of class 1";
  Pass("0.55");
  const auto result = Sweep(3);
  EXPECT_THAT(Ids(result), testing::UnorderedElementsAre(starved, held, paused));
  for (const auto& d : result.deliveries) EXPECT_LE(d.expires, result.now);
  EXPECT_THAT(LeaseIds(), SizeIs(2)) << "the rest of class 1";
}

// The lifetime that most messages have costs no entry of its own: their lanes are in order.
TEST_P(TimeTest, OrdinaryLifetime_ExpiresInItsLane) {
  RecordOptions short_life{.lifetime = absl::Milliseconds(300)};
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    v1::NewMessage message = Message(5, {"r@x.example"});
    auto storable = ToStorable(message, short_life);
    ASSERT_TRUE(Await(context_, EnqueueOne(*std::move(storable))).ok());
    ids.push_back(message.message_id() + ".0");
  }
  EXPECT_EQ(KeyCount("deadline:*"), 0);
  const std::string fresh = Enqueue(5, {"r@x.example"}) + ".0";
  Pass("0.35");
  EXPECT_THAT(Ids(Sweep(0 + 1)), ElementsAre(ids[0]));
  EXPECT_EQ(Await(context_, admin_->GetStats())->expired, 2);
  EXPECT_THAT(Ids(Sweep(10)), ElementsAre(ids[1], ids[2], fresh));
}

TEST_P(TimeTest, OldestOfAClass_IsKnown) {
  EXPECT_EQ(Await(context_, admin_->GetStats())->classes[3].oldest, absl::InfiniteFuture());
  Enqueue(3, {"r@x.example"});
  Pass("0.05");
  Enqueue(3, {"r@y.example"});
  const auto stats = Await(context_, admin_->GetStats());
  EXPECT_GE(stats->now - stats->classes[3].oldest, absl::Milliseconds(50));
}

// What is oldest may have been taken out of its lane, or have gone; the lanes of others, or the
// rest of its own, are what waits.
TEST_P(TimeTest, OldestOfAClass_IsOneThatStillWaits) {
  const auto oldest = [this] { return Await(context_, admin_->GetStats())->classes[3].oldest; };
  const auto accepted = [this](const std::string& id) {
    return Await(context_, admin_->DescribeMessage(id))->deliveries[0].accepted;
  };
  Hold("destination:x.example");
  const std::string first = Enqueue(3, {"r@x.example"});
  Pass("0.01");
  const std::string second = Enqueue(3, {"r@x.example"});
  Pass("0.01");
  const std::string other = Enqueue(3, {"r@y.example"});
  LeaseIds(1);
  EXPECT_EQ(oldest(), accepted(first));
  Change(v1::DELIVERY_CHANGE_CANCEL, first + ".0");
  EXPECT_EQ(oldest(), accepted(second));
  Change(v1::DELIVERY_CHANGE_PAUSE, second + ".0");
  EXPECT_EQ(oldest(), absl::InfiniteFuture());
  Pass("0.01");
  const std::string fresh = Enqueue(3, {"r@x.example"});
  EXPECT_EQ(oldest(), accepted(fresh));

  // A lane that never was empty.
  const std::string last = Enqueue(3, {"r@z.example"});
  Pass("0.01");
  Enqueue(3, {"r@z.example"});
  EXPECT_THAT(LeaseIds(1), ElementsAre(last + ".0"));
  EXPECT_EQ(oldest(), accepted(fresh));
}

// When replicas are missing, or memory, an operator looks.
TEST_P(TimeTest, RedisThatTakesNoWrites_StillTellsTheOldest) {
  const std::string first = Enqueue(3, {"r@x.example"});
  Enqueue(3, {"r@y.example"});
  const auto described = Await(context_, admin_->DescribeMessage(first));
  redis_->Raw("CONFIG SET min-replicas-to-write 1");
  EXPECT_FALSE(Await(context_, EnqueueOne(*ToStorable(Message(3, {"r@x.example"}), {}))).ok());
  const auto stats = Await(context_, admin_->GetStats());
  redis_->Raw("CONFIG SET min-replicas-to-write 0");
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->classes[3].ready, 2);
  EXPECT_EQ(stats->classes[3].oldest, described->deliveries[0].accepted);
}

// To the millisecond.
TEST_P(TimeTest, ScheduledMessage_IsReadyAtItsTime) {
  v1::NewMessage message = Message(3, {"r@x.example"});
  message.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 3600);
  message.mutable_schedule_time()->set_nanos(500'000'000);
  const std::string id = Enqueue(message);
  const auto described = Await(context_, admin_->DescribeMessage(id));
  EXPECT_EQ(described->deliveries[0].at, rpc::FromProto(message.schedule_time()));
  EXPECT_EQ(described->deliveries[0].expires,
            rpc::FromProto(message.schedule_time()) + RecordOptions().lifetime);
}

// A replica's clock is set, forth or back: leases, retries and expiry go by Redis's, and stay where
// they are.
TEST_P(TimeTest, StepsOfOurClock_MoveNothing) {
  const auto seconds = [](absl::Duration duration) { return absl::ToDoubleSeconds(duration); };
  for (const absl::Duration step : {absl::Hours(30 * 24), -absl::Hours(30 * 24), absl::Hours(1)}) {
    SCOPED_TRACE(absl::FormatDuration(step));
    const absl::Time ours = absl::Now() + step;
    const v1::NewMessage message = Message(3, {"r@x.example"});
    const auto described = [&] {
      const auto all = Await(context_, admin_->DescribeMessage(message.message_id()));
      return std::make_pair(all->deliveries[0], all->now);
    };
    Enqueue(message);
    const auto leased = Lease();
    ASSERT_THAT(leased.deliveries, SizeIs(1));
    const auto [in_work, then] = described();
    EXPECT_NEAR(seconds(in_work.at - then), 60, 5) << "its lease";
    EXPECT_NEAR(seconds(in_work.expires - then), seconds(RecordOptions().lifetime), 5);

    const v1::Completion deferred =
        Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DEFERRED, {"r@x.example"}, absl::Hours(1));
    ASSERT_TRUE(Await(context_, store_->Complete({*ToStorable(deferred, {}, ours)})).ok());
    const auto [due, now] = described();
    EXPECT_EQ(due.state, v1::DELIVERY_STATE_DUE_LATER);
    EXPECT_NEAR(seconds(due.at - now), 3600, 5) << "its next attempt";
    EXPECT_THAT(LeaseIds(), IsEmpty());
  }
}

// A delivery that kills its workers is set aside after three of them, and the others go on
// (THREATS: poison delivery).
TEST_P(TimeTest, DeliveryWhoseWorkersDie_IsSetAside) {
  store_ = NewStore(absl::Milliseconds(300));
  const std::string one = Enqueue(3, {"r@x.example"}) + ".0";
  const std::string other = Enqueue(3, {"r@x.example"}) + ".0";
  EXPECT_THAT(LeaseIds(), SizeIs(2));
  Pass("0.31");
  EXPECT_THAT(LeaseIds(), SizeIs(2)) << "the first death says nothing";
  Pass("0.31");
  // After the second they go one at a time; the innocent one is done in its turn.
  const std::vector<std::string> alone = LeaseIds();
  ASSERT_THAT(alone, SizeIs(1));
  const std::string poison = alone[0];
  const std::string innocent = poison == one ? other : one;
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Pass("0.31");
  store_ = NewStore(absl::Seconds(60));
  const auto second = Lease();
  ASSERT_THAT(Ids(second), ElementsAre(innocent));
  EXPECT_THAT(Complete(Outcome(second.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {"r@x.example"})),
              IsEmpty());
  EXPECT_THAT(LeaseIds(), IsEmpty());

  const auto stats = Await(context_, admin_->GetStats());
  EXPECT_EQ(stats->aside, 1);
  const auto described = Await(context_, admin_->DescribeMessage(poison.substr(0, 22)));
  EXPECT_EQ(described->deliveries[0].state, v1::DELIVERY_STATE_SET_ASIDE);
  EXPECT_EQ(described->deliveries[0].kills, 3);
  EXPECT_THAT(EventTypes(), Contains(events::v1::EVENT_TYPE_STATE_CHANGED));

  Change(v1::DELIVERY_CHANGE_RESUME, poison);
  EXPECT_THAT(LeaseIds(), ElementsAre(poison)) << "an operator gives it another chance";
}

// SPEC Q3: what is set aside expires, too; but once: a worker that reports it might die again.
TEST_P(TimeTest, SetAside_ExpiresOnce) {
  const std::string id = EnqueueFor(absl::Milliseconds(100), "r@x.example");
  const auto set_aside = [&](const QueueStore::LeaseResult& leased) {
    ASSERT_THAT(Ids(leased), ElementsAre(id));
    StorableCompletion aside{
        .delivery_id = id, .lease_id = leased.deliveries[0].lease_id, .fate = Fate::kAside};
    EXPECT_TRUE(Await(context_, store_->Complete({std::move(aside)})).ok());
  };
  set_aside(Lease());
  EXPECT_THAT(Sweep(10).deliveries, IsEmpty());
  Pass("0.15");
  set_aside(Sweep(10));
  EXPECT_THAT(Sweep(10).deliveries, IsEmpty());
  EXPECT_EQ(Await(context_, admin_->GetStats())->aside, 1);
  EXPECT_TRUE(
      Await(context_, admin_->Change({.change = v1::DELIVERY_CHANGE_RESUME, .event = "e"}, {id}))
          .ok());
  EXPECT_THAT(Ids(Sweep(10)), ElementsAre(id)) << "an operator wants it reported";
}

// SPEC Q3: a lane is not in order any more when something came back to it.
TEST_P(TimeTest, HandedBackBeforeALongerLife_ExpiresInItsTime) {
  RecordOptions short_life{.lifetime = absl::Milliseconds(200)};
  const v1::NewMessage message = Message(3, {"r@x.example"});
  ASSERT_TRUE(Await(context_, EnqueueOne(*ToStorable(message, short_life))).ok());
  const auto leased = Lease();
  ASSERT_THAT(leased.deliveries, SizeIs(1));
  Enqueue(3, {"r@x.example"});
  Hold("all");
  Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {}));
  Pass("0.25");
  EXPECT_THAT(Ids(Sweep(10)), ElementsAre(message.message_id() + ".0"));
}

// What has expired is work for somebody, although it has no turn.
TEST_P(TimeTest, ExpiredThatAreLeft_CountAsWaiting) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    v1::NewMessage message = Message(3, {"r@x.example"});
    *message.mutable_schedule_time() = rpc::ToProto(absl::Now() + absl::Hours(1));
    ids.push_back(Enqueue(message) + ".0");
  }
  EXPECT_TRUE(
      Await(context_, admin_->Change({.change = v1::DELIVERY_CHANGE_EXPIRE, .event = "e"}, ids))
          .ok());
  const auto result = Lease(1);
  EXPECT_THAT(result.deliveries, SizeIs(1));
  EXPECT_EQ(result.outlook.highest_waiting_class, 5);
  EXPECT_THAT(LeaseIds(), SizeIs(2));
  EXPECT_EQ(Lease().outlook.highest_waiting_class, 0);
}

// SPEC P3: where another partition has something urgent, a suspect waits as well.
TEST_P(TimeTest, SuspectOfALowerClass_WaitsForTheHigher) {
  store_ = NewStore(absl::Milliseconds(1));
  const std::string id = Enqueue(5, {"r@x.example"}) + ".0";
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(LeaseIds(), SizeIs(1));
    Pass("0.01");
  }
  store_ = NewStore(absl::Seconds(60));
  QueueStore::Want urgent = Credits(10);
  urgent.lowest_class = 1;
  EXPECT_THAT(Lease(urgent).deliveries, IsEmpty());
  EXPECT_EQ(Await(context_, admin_->GetStats())->suspects, 1);
  EXPECT_THAT(LeaseIds(), ElementsAre(id));
}

// A suspect whose record got damaged does not keep the others from their turn.
TEST_P(TimeTest, DamagedSuspect_LetsTheNextGo) {
  store_ = NewStore(absl::Milliseconds(1));
  for (int i = 0; i < 2; ++i) Enqueue(3, {"r@x.example"});
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(LeaseIds(), SizeIs(2));
    Pass("0.01");
  }
  const std::vector<std::string> first = LeaseIds();
  ASSERT_THAT(first, SizeIs(1));
  const std::string key = "dlv:{0}:" + first[0];
  EXPECT_TRUE(Await(context_, client_->Run(redis::Command("SET", key, "damaged"))).ok());
  Pass("0.01");
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  EXPECT_TRUE(Await(context_, client_->Run(redis::Command("DEL", key))).ok());
  redis_->FlushAll();  // with a damaged record the invariants do not hold
  second_redis_->FlushAll();
}

// SPEC Q3: what expired in a worker's hands does not wait for its turn again.
TEST_P(TimeTest, ExpiredWhenHandedBack_GoesToBeReported) {
  const std::string id = EnqueueFor(absl::Milliseconds(50), "r@low.example", 5);
  const auto leased = Lease();
  for (int i = 0; i < 2; ++i) Enqueue(1, {"r@busy.example"});
  Pass("0.06");
  Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {}));
  EXPECT_EQ(Await(context_, admin_->GetStats())->expired, 1);
  EXPECT_THAT(LeaseIds(1), ElementsAre(id));
}

// A handed-back delivery is the first of its lane again, so that lanes stay in order.
TEST_P(TimeTest, HandedBack_IsFirstAgain) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(Enqueue(3, {"r@x.example"}) + ".0");
  const auto first = Lease(1);
  Complete(Outcome(first.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {}));
  EXPECT_EQ(LeaseIds(), ids);
}

// SPEC S11: the same user and key queue once, and the answer names the first message.
TEST_P(TimeTest, SameIdempotencyKey_QueuesOnce) {
  v1::NewMessage first = Message(3, {"r@x.example"});
  first.mutable_envelope()->set_user("s1_0");
  first.set_idempotency_key("order-17");
  v1::NewMessage again = first;
  again.set_message_id(NewMessageId(0));
  v1::NewMessage other_user = again;
  other_user.set_message_id(NewMessageId(0));
  other_user.mutable_envelope()->set_user("s1_1");
  Receipt receipts[3];
  std::vector<StorableMessage> batch;
  for (int i = 0; const v1::NewMessage* message : {&first, &again, &other_user}) {
    batch.push_back(*ToStorable(*message, {}));
    batch.back().receipt = &receipts[i++];
  }
  ASSERT_TRUE(Await(context_, store_->Enqueue(std::move(batch), std::nullopt)).ok());
  EXPECT_EQ(receipts[0].id, first.message_id());
  EXPECT_EQ(receipts[1].id, first.message_id());
  EXPECT_EQ(receipts[2].id, other_user.message_id());
  EXPECT_THAT(LeaseIds(), SizeIs(2));
}

// SPEC Q8: content in pieces is kept while a delivery needs it, and refused when a piece is
// missing.
TEST_P(TimeTest, ContentInPieces_GoesWithTheLastDelivery) {
  v1::NewMessage message = Message(3, {"r@x.example"});
  message.clear_content();
  message.set_content_pieces(2);
  message.set_content_size(6);
  const auto put = [&](int piece, const char* text) {
    EXPECT_TRUE(Await(context_, store_->PutContent(message.message_id(), piece, text)).ok());
  };
  put(0, "abc");
  Receipt receipt;
  std::vector<StorableMessage> batch;
  batch.push_back(*ToStorable(message, {}));
  batch.back().receipt = &receipt;
  ASSERT_TRUE(Await(context_, store_->Enqueue(batch, std::nullopt)).ok());
  EXPECT_EQ(receipt.id, "") << "a piece is missing";
  EXPECT_THAT(LeaseIds(), IsEmpty());

  put(1, "def");
  ASSERT_TRUE(Await(context_, store_->Enqueue(batch, std::nullopt)).ok());
  EXPECT_EQ(receipt.id, message.message_id());
  if (!second_) {
    const redis::Command pttl("PTTL", "content:{0}:" + message.message_id() + ":1");
    EXPECT_EQ(Await(context_, client_->Run(pttl))->integer(), -1);
  }
  const auto leased = Lease();
  ASSERT_THAT(leased.deliveries, SizeIs(1));
  EXPECT_EQ(leased.deliveries[0].content_pieces, 2);
  EXPECT_EQ(*Await(context_, store_->GetContent(message.message_id(), 1)), "def");
  Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {"r@x.example"}));
  EXPECT_EQ(Contents(), 0);
}

INSTANTIATE_TEST_SUITE_P(Content, TimeTest, testing::ValuesIn(kPlaces), NameOfPlace);

}  // namespace
}  // namespace staffetta::queue
