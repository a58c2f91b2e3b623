// The conformance suite of the queue store: what happens to a delivery, step by step.
#include "queue/queue_store.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/content.h"
#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using events::v1::Event;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Lt;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// I1, and SPEC E1: the accepted event is written in the same step.
TEST_P(QueueStoreTest, EnqueuedMessage_IsReadyAndAnnounced) {
  const std::string id = Enqueue(3, {"bob@x.example", "cy@y.example", "dan@X.example"});
  const auto stats = Await(context_, admin_->GetStats());
  EXPECT_EQ(stats->classes[3].ready, 2) << "one delivery per destination, whatever the case";
  EXPECT_EQ(stats->messages, 1);
  ASSERT_THAT(EventTypes(), ElementsAre(events::v1::EVENT_TYPE_ACCEPTED));
  const Event event = Events()[0];
  EXPECT_EQ(event.message_id(), id);
  EXPECT_EQ(event.envelope().sender(), "ann@sender.example");
  EXPECT_THAT(event.recipients(), SizeIs(3));
}

TEST_P(QueueStoreTest, SameRequestTwice_QueuesOnce) {
  const v1::NewMessage message = Message(3, {"bob@x.example"});
  Enqueue(message);
  Enqueue(message);
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  EXPECT_THAT(EventTypes(), SizeIs(1));
}

TEST_P(QueueStoreTest, LeasedDelivery_CarriesAllThatAWorkerNeeds) {
  const std::string id = Enqueue(2, {"bob@x.example"});
  const auto result = Lease();
  ASSERT_THAT(result.deliveries, SizeIs(1));
  const QueueStore::Leased& leased = result.deliveries[0];
  EXPECT_EQ(leased.delivery_id, id + ".0");
  EXPECT_EQ(leased.message_class, 2);
  EXPECT_EQ(leased.attempts, 0);
  EXPECT_EQ(leased.content_size, 21);
  EXPECT_EQ(*DecompressContent(leased.content), "Subject: hi\r\n\r\nbody\r\n");
  EXPECT_EQ(leased.expires - leased.accepted, absl::Hours(24 * 5));
  Event part;
  ASSERT_TRUE(part.ParseFromString(leased.message_part + leased.delivery_part));
  EXPECT_EQ(part.message_id(), id);
  EXPECT_THAT(part.recipients(), ElementsAre("bob@x.example"));
}

TEST_P(QueueStoreTest, LeasedDelivery_IsGivenToNobodyElse) {
  Enqueue(3, {"bob@x.example"});
  EXPECT_THAT(LeaseIds(), SizeIs(1));
  EXPECT_THAT(LeaseIds(), IsEmpty());
}

TEST_P(QueueStoreTest, LargeContent_DoesNotComeAlong) {
  v1::NewMessage message = Message(3, {"bob@x.example"});
  message.set_content(std::string(QueueStore::kInlineContent + 1, 'x'));
  const std::string id = Enqueue(message);
  EXPECT_EQ(Lease().deliveries[0].content, "");
  const auto stored = Await(context_, store_->GetContent(id, 0));
  EXPECT_EQ(*DecompressContent(*stored), message.content());
  EXPECT_EQ(Await(context_, store_->GetContent("nothing", 0)).status().code(),
            absl::StatusCode::kNotFound);
}

// I7, SPEC P3: the highest class is served first, whatever came first.
TEST_P(QueueStoreTest, HighestClass_GoesFirst) {
  std::vector<std::string> ids;
  for (const int c : {5, 3, 1, 4, 2, 1}) {
    ids.push_back(Enqueue(c, {absl::StrCat("r@", c, ".example")}) + ".0");
  }
  EXPECT_THAT(LeaseIds(4), ElementsAre(ids[2], ids[5], ids[4], ids[1]));
  const auto rest = Lease(1);
  EXPECT_EQ(rest.deliveries[0].delivery_id, ids[3]);
  EXPECT_EQ(rest.outlook.highest_waiting_class, 5);
}

// SPEC P5: inside a class the lanes take turns; a long one delays another's first by one round.
TEST_P(QueueStoreTest, LanesTakeTurns) {
  std::vector<std::string> big;
  for (int i = 0; i < 10; ++i) big.push_back(Enqueue(3, {"r@big.example"}) + ".0");
  const std::string other_destination = Enqueue(3, {"r@small.example"}) + ".0";
  const std::string other_account = Enqueue(3, {"r@big.example"}, 2) + ".0";
  EXPECT_THAT(LeaseIds(4), ElementsAre(big[0], other_account, other_destination, big[1]))
      << "accounts by turn, and the lanes of each";
  EXPECT_THAT(LeaseIds(100), SizeIs(8));
}

// I5: content goes with the last delivery; I4: an event for each change.
TEST_P(QueueStoreTest, LastDelivery_TakesTheMessageAlong) {
  Enqueue(3, {"bob@x.example", "cy@y.example"});
  const auto leased = Lease().deliveries;
  ASSERT_THAT(leased, SizeIs(2));
  EXPECT_THAT(Complete(Outcome(leased[0], v1::OUTCOME_KIND_DELIVERED, {"bob@x.example"})),
              IsEmpty());
  EXPECT_EQ(Contents(), 1);
  EXPECT_THAT(Complete(Outcome(leased[1], v1::OUTCOME_KIND_FAILED, {"cy@y.example"})), IsEmpty());
  EXPECT_EQ(Contents(), 0);
  EXPECT_EQ(KeyCount("msg:*") + KeyCount("dlv:*") + KeyCount("lane:*") + KeyCount("turn:*"), 0);
  EXPECT_THAT(EventTypes(),
              ElementsAre(events::v1::EVENT_TYPE_ACCEPTED, events::v1::EVENT_TYPE_DELIVERED,
                          events::v1::EVENT_TYPE_FAILED));
}

// SPEC Q8: content comes along from wherever it lies. That it lies in one place, and in one alone,
// is I5.
TEST_P(QueueStoreTest, SmallContentOfOneDelivery_NeedsNoKeyOfItsOwnUntilARetry) {
  const v1::NewMessage small = Message(3, {"bob@x.example"});
  v1::NewMessage large = Message(3, {"bob@x.example"});
  for (int i = 0; i < 500; ++i) absl::StrAppend(large.mutable_content(), NewToken(), "\r\n");
  for (const v1::NewMessage& message : {small, large}) {
    Enqueue(message);
    EXPECT_EQ(Contents(), second_ || message.message_id() == large.message_id() ? 1 : 0);
    for (const bool again : {true, false}) {
      const auto leased = Lease().deliveries;
      ASSERT_THAT(leased, SizeIs(1));
      EXPECT_EQ(*DecompressContent(leased[0].content), message.content());
      EXPECT_EQ(*DecompressContent(*Await(context_, store_->GetContent(message.message_id(), 0))),
                message.content());
      const auto kind = again ? v1::OUTCOME_KIND_DEFERRED : v1::OUTCOME_KIND_DELIVERED;
      Complete(Outcome(leased[0], kind, {"bob@x.example"}, absl::ZeroDuration()));
      EXPECT_EQ(Contents(), again ? 1 : 0);
    }
  }
}

// I3, SPEC Q2: a completion or renewal under another lease changes nothing.
TEST_P(QueueStoreTest, LostLease_CanNeitherCompleteNorRenew) {
  store_ = NewStore(absl::Milliseconds(1));
  Enqueue(3, {"bob@x.example"});
  const auto first = Lease().deliveries;
  Pass("0.01");
  store_ = NewStore(absl::Seconds(60));
  const auto second = Lease().deliveries;
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_NE(first[0].lease_id, second[0].lease_id);
  EXPECT_EQ(second[0].attempts, 1);
  EXPECT_THAT(Complete(Outcome(first[0], v1::OUTCOME_KIND_DELIVERED, {"bob@x.example"})),
              ElementsAre(first[0].lease_id));
  v1::HeldLease held;
  held.set_delivery_id(first[0].delivery_id);
  held.set_lease_id(first[0].lease_id);
  EXPECT_THAT(Await(context_, store_->Renew({held}))->lost, ElementsAre(first[0].lease_id));
  // Nobody knows what the first worker did: recorded, and nothing else.
  EXPECT_THAT(EventTypes(),
              ElementsAre(events::v1::EVENT_TYPE_ACCEPTED, events::v1::EVENT_TYPE_UNCERTAIN));
  EXPECT_THAT(Events()[1].recipients(), ElementsAre("bob@x.example"));
  EXPECT_THAT(Complete(Outcome(second[0], v1::OUTCOME_KIND_DELIVERED, {"bob@x.example"})),
              IsEmpty());
}

TEST_P(QueueStoreTest, RenewedLease_OutlivesItsFirstTime) {
  store_ = NewStore(absl::Milliseconds(300));
  Enqueue(3, {"bob@x.example"});
  const auto leased = Lease().deliveries;
  store_ = NewStore(absl::Seconds(60));
  v1::HeldLease held;
  held.set_delivery_id(leased[0].delivery_id);
  held.set_lease_id(leased[0].lease_id);
  EXPECT_THAT(Await(context_, store_->Renew({held}))->lost, IsEmpty());
  Pass("0.4");
  EXPECT_THAT(LeaseIds(), IsEmpty());
}

// SPEC Q3: deferred recipients wait for their time, the delivered ones are not sent again.
TEST_P(QueueStoreTest, DeferredRecipients_ComeBackAlone) {
  Enqueue(3, {"bob@x.example", "cy@x.example"});
  const auto leased = Lease().deliveries;
  v1::Completion completion =
      Outcome(leased[0], v1::OUTCOME_KIND_DELIVERED, {"bob@x.example"}, absl::ZeroDuration());
  v1::RecipientOutcome* deferred = completion.add_outcomes();
  deferred->set_recipient("cy@x.example");
  deferred->set_kind(v1::OUTCOME_KIND_DEFERRED);
  deferred->mutable_reply()->set_text("come back");
  Complete(completion);
  const auto again = Lease().deliveries;
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].attempts, 1);
  Event part;
  part.ParseFromString(again[0].delivery_part);
  EXPECT_THAT(part.recipients(), ElementsAre("cy@x.example"));
  EXPECT_EQ(part.reply().text(), "come back");
}

TEST_P(QueueStoreTest, RetryTime_IsKeptAndAnnounced) {
  Enqueue(3, {"bob@x.example"});
  const auto leased = Lease().deliveries;
  Complete(Outcome(leased[0], v1::OUTCOME_KIND_DEFERRED, {"bob@x.example"}, absl::Hours(1)));
  const auto result = Lease();
  EXPECT_THAT(result.deliveries, IsEmpty());
  EXPECT_NEAR(absl::ToDoubleSeconds(result.outlook.until_change), 3600, 5);
  EXPECT_EQ(Await(context_, admin_->GetStats())->due, 1);
}

TEST_P(QueueStoreTest, ScheduledMessage_WaitsForItsTime) {
  v1::NewMessage message = Message(1, {"bob@x.example"});
  message.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 2);
  message.mutable_lifetime()->set_seconds(1);
  Enqueue(message);
  EXPECT_THAT(LeaseIds(), IsEmpty());
  Pass("2.1");
  const auto result = Lease();
  ASSERT_THAT(result.deliveries, SizeIs(1));
  const absl::Time due = absl::FromUnixSeconds(message.schedule_time().seconds());
  EXPECT_NEAR(absl::ToDoubleSeconds(result.deliveries[0].expires - due), 1, 0.2)
      << "its life begins at that time";
}

// SPEC Q3: a retry is never later than the end of the message's life.
TEST_P(QueueStoreTest, Expiry_BoundsTheRetryTime) {
  v1::NewMessage message = Message(3, {"bob@x.example"});
  message.mutable_lifetime()->set_nanos(200'000'000);
  Enqueue(message);
  const auto leased = Lease().deliveries;
  Complete(Outcome(leased[0], v1::OUTCOME_KIND_DEFERRED, {"bob@x.example"}, absl::Hours(1)));
  Pass("0.3");
  const auto again = Lease();
  ASSERT_THAT(again.deliveries, SizeIs(1));
  EXPECT_LE(again.deliveries[0].expires, again.now);
}

TEST_P(QueueStoreTest, HandedBackDelivery_IsReadyAtOnceWithoutAnAttempt) {
  Enqueue(3, {"bob@x.example"});
  const auto leased = Lease().deliveries;
  Complete(Outcome(leased[0], v1::OUTCOME_KIND_DELIVERED, {}));
  const auto again = Lease().deliveries;
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].attempts, 0);
  EXPECT_THAT(EventTypes(), SizeIs(1));
}

// SPEC B1: the bounce is queued in the step that ends the delivery, and only by the lease's holder.
TEST_P(QueueStoreTest, Bounce_IsQueuedWithTheFailure) {
  Enqueue(3, {"bob@x.example"});
  const auto leased = Lease().deliveries;
  v1::Completion completion = Outcome(leased[0], v1::OUTCOME_KIND_FAILED, {"bob@x.example"});
  *completion.mutable_bounce() = Message(3, {"ann@sender.example"});
  Complete(completion);
  EXPECT_THAT(LeaseIds(), ElementsAre(completion.bounce().message_id() + ".0"));
  EXPECT_THAT(EventTypes(),
              ElementsAre(events::v1::EVENT_TYPE_ACCEPTED, events::v1::EVENT_TYPE_FAILED,
                          events::v1::EVENT_TYPE_BOUNCED, events::v1::EVENT_TYPE_ACCEPTED));
  EXPECT_EQ(Events()[2].message_id() + ".0", leased[0].delivery_id) << "about what failed";
  EXPECT_EQ(Events()[2].detail(), "bounce " + completion.bounce().message_id());
  completion.mutable_bounce()->set_message_id(NewMessageId(0));
  EXPECT_THAT(Complete(completion), SizeIs(1)) << "the lease is over";
  EXPECT_THAT(LeaseIds(), IsEmpty());
}

// I6: a lease call costs what it moves, not what waits. Counted in Redis commands, not in time.
TEST_P(QueueStoreTest, LeaseCost_DoesNotGrowWithTheBacklog) {
  const auto commands_of_one_lease = [this] { return CommandsOf([this] { LeaseIds(1); }); };
  for (const char* recipient : {"r@x.example", "r@y.example"}) Enqueue(3, {recipient});
  const int64_t small = commands_of_one_lease();
  for (int i = 0; i < 500; ++i) Enqueue(3, {absl::StrCat("r@x", i, ".example")});
  EXPECT_LE(commands_of_one_lease(), small + 2);
}

// A lease of many lanes costs little more than to take something out of each.
TEST_P(QueueStoreTest, ManyLanes_CostFewCommands) {
  constexpr int kLanes = 50;
  for (int i = 0; i < 2 * kLanes; ++i) {
    Enqueue(3, {absl::StrCat("r@x", i % kLanes, ".example")}, 1 + i % 2);
  }
  const int64_t commands = CommandsOf([&] { EXPECT_THAT(LeaseIds(kLanes), SizeIs(kLanes)); });
  EXPECT_LE(commands, 2 * kLanes);
}

TEST_P(QueueStoreTest, Description_TellsWhereEachDeliveryIs) {
  const std::string id =
      Enqueue(3, {"a@ready.example", "b@retry.example", "c@leased.example", "d@done.example"});
  for (const auto& leased : Lease().deliveries) {
    Event part;
    part.ParseFromString(leased.delivery_part);
    const std::string recipient = part.recipients(0);
    if (recipient[0] == 'a') Complete(Outcome(leased, v1::OUTCOME_KIND_DELIVERED, {}));
    if (recipient[0] == 'b') Complete(Outcome(leased, v1::OUTCOME_KIND_DEFERRED, {recipient}));
    if (recipient[0] == 'd') Complete(Outcome(leased, v1::OUTCOME_KIND_DELIVERED, {recipient}));
  }
  std::vector<v1::DeliveryState> states;
  const auto described = Await(context_, admin_->DescribeMessage(id));
  ASSERT_TRUE(described.ok()) << described.status();
  for (const auto& d : described->deliveries) states.push_back(d.state);
  EXPECT_THAT(states, UnorderedElementsAre(v1::DELIVERY_STATE_READY, v1::DELIVERY_STATE_DUE_LATER,
                                           v1::DELIVERY_STATE_LEASED));
  size_t listed = 0;
  std::string next;
  do {
    auto page = Await(context_, admin_->List(next, 10));
    ASSERT_TRUE(page.ok()) << page.status();
    listed += page->description.deliveries.size();
    next = page->next;
  } while (!next.empty());
  EXPECT_EQ(listed, 3);
}

// I8, SPEC Q1: what was acknowledged is there after a kill of Redis, and nothing needs repair.
TEST(QueueStoreDurability, KilledRedis_LosesNothing) {
  redis::TestRedis redis(redis::EmbeddedRedis::Fsync::kAlways);
  asio::io_context context;
  redis::Client client(context.get_executor(), redis.options());
  const Partition partition(&client, 0, 1000);
  QueueStore store(&partition, {});
  for (int i = 0; i < 50; ++i) {
    v1::NewMessage message;
    message.set_message_id(NewMessageId(0));
    message.add_recipients(absl::StrCat("r@x", i % 7, ".example"));
    message.set_class_(1 + i % 5);
    message.set_content("x");
    std::vector<StorableMessage> batch;
    batch.push_back(*ToStorable(message, {}));
    ASSERT_TRUE(Await(context, store.Enqueue(std::move(batch), std::nullopt)).ok());
  }
  const QueueStore::Want want{.worker = "w", .credits = 10};
  ASSERT_THAT(Await(context, store.Lease(want, false))->deliveries, SizeIs(10));
  redis.Kill();
  EXPECT_EQ(Await(context, store.Lease(want, false)).status().code(),
            absl::StatusCode::kUnavailable);
  redis.Restart();
  const auto rest = Await(context, store.Lease(QueueStore::Want{.credits = 100}, false));
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_THAT(rest->deliveries, SizeIs(40));
  EXPECT_THAT(Await(context, BrokenInvariants(&client, "{0}")), IsEmpty());
}

// SPEC Q7: a full Redis takes nothing new, but what it has goes out, which makes room again.
TEST_P(QueueStoreTest, FullRedis_LetsDeliveriesGo) {
  store_ = NewStore(absl::Milliseconds(300));
  for (const char* domain : {"x", "y", "z"}) {
    Enqueue(3, {absl::StrCat("r@", domain, ".example")});
  }
  const auto leased = Lease(2);
  redis_->Raw("CONFIG SET maxmemory 1");
  auto refused = ToStorable(Message(3, {"r@x.example"}), {});
  EXPECT_EQ(Await(context_, EnqueueOne(*std::move(refused))).code(),
            absl::StatusCode::kUnavailable);
  v1::HeldLease held;
  held.set_delivery_id(leased.deliveries[0].delivery_id);
  held.set_lease_id(leased.deliveries[0].lease_id);
  EXPECT_TRUE(Await(context_, store_->Renew({held})).ok());
  Complete(Outcome(leased.deliveries[0], v1::OUTCOME_KIND_DELIVERED, {"r@x.example"}));
  Pass("0.35");
  store_ = NewStore(absl::Seconds(60));
  const auto rest = Lease(Credits(10), true);
  ASSERT_THAT(rest.deliveries, SizeIs(2)) << "one of them after its lease ran out";
  Complete(Outcome(rest.deliveries[0], v1::OUTCOME_KIND_DEFERRED, {"r@y.example"}));
  const std::string later = rest.deliveries[0].delivery_id;
  EXPECT_TRUE(
      Await(context_, admin_->Change({.change = v1::DELIVERY_CHANGE_CANCEL, .event = "e"}, {later}))
          .ok());
  redis_->Raw("CONFIG SET maxmemory 0");
}

// A message for more destinations than one command has room for.
TEST_P(QueueStoreTest, ManyDestinations_AreAllQueued) {
  std::vector<std::string> recipients;
  for (int i = 0; i < 5000; ++i) recipients.push_back(absl::StrCat("r@x", i, ".example"));
  Enqueue(3, recipients);
  EXPECT_EQ(Await(context_, admin_->GetStats())->classes[3].ready, 5000);
}

TEST(Records, BadMessages_AreRefusedByName) {
  v1::NewMessage message;
  EXPECT_EQ(ToStorable(message, {}).status().message(), "message_id: not a message id");
  message.set_message_id(NewMessageId(0));
  EXPECT_EQ(ToStorable(message, {}).status().message(), "class: 0 is not 1…5");
  message.set_class_(6);
  EXPECT_EQ(ToStorable(message, {}).status().message(), "class: 6 is not 1…5");
  message.set_class_(5);
  EXPECT_EQ(ToStorable(message, {}).status().message(), "recipients: there is none");
  for (int i = 0; i <= 10'000; ++i) message.add_recipients("r@x.example");
  EXPECT_EQ(ToStorable(message, {}).status().message(),
            "recipients: more than 10000, divide the message");
  for (const char* bad : {"", "bob", "@x.example", "bob@x.example\r\nRCPT TO:<eve@x.example>"}) {
    message.clear_recipients();
    message.add_recipients("postmaster");
    message.add_recipients("jörg@bücher.example");
    message.mutable_envelope()->set_sender("bob@x.example");
    ASSERT_TRUE(ToStorable(message, {}).ok());
    message.add_recipients(bad);
    EXPECT_EQ(ToStorable(message, {}).status().message(),
              absl::StrCat("recipients: \"", absl::CEscape(bad), "\" is no address"));
    if (std::string(bad).empty()) continue;  // the null return path
    message.mutable_recipients()->RemoveLast();
    message.mutable_envelope()->set_sender(bad);
    EXPECT_EQ(ToStorable(message, {}).status().message(),
              absl::StrCat("envelope.sender: \"", absl::CEscape(bad), "\" is no address"));
  }
  message.add_recipients(std::string(1 << 20, 'x'));
  message.mutable_envelope()->clear_sender();
  EXPECT_THAT(ToStorable(message, {}).status().message(), SizeIs(Lt(200U)))
      << "its beginning tells which one it is";
}

TEST(Records, SpellingsOfOneDomain_AreOneDelivery) {
  v1::NewMessage message;
  message.set_message_id(NewMessageId(0));
  message.set_class_(3);
  for (const char* domain : {"bücher.example", "BÜCHER.example", "xn--Bcher-kva.example"}) {
    message.add_recipients(absl::StrCat("bob@", domain));
  }
  const auto storable = ToStorable(message, {});
  ASSERT_TRUE(storable.ok()) << storable.status();
  ASSERT_EQ(storable->deliveries.size(), 1);
  EXPECT_EQ(storable->deliveries[0].lane, "0/0//xn--bcher-kva.example");
}

INSTANTIATE_TEST_SUITE_P(Content, QueueStoreTest, testing::ValuesIn(kPlaces), NameOfPlace);

}  // namespace
}  // namespace staffetta::queue
