// Two stores that have no common step: what is left of a message when the process is killed behind
// any of the steps, and what becomes of it. That all the rest works with a second store is in the
// other tests of the queue's stores.
#include "queue/second_store.h"

#include <absl/strings/match.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/content.h"
#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kContent[] = "Subject: hi\r\n\r\nbody\r\n";

class SecondStoreTest : public QueueStoreTest {
 protected:
  void SetUp() override {
    QueueStoreTest::SetUp();
    alone_ = std::make_unique<QueueStore>(partition_.get(), QueueStore::Options());
  }

  StorableMessage Storable(const v1::NewMessage& message) {
    auto storable = ToStorable(message, {});
    EXPECT_TRUE(storable.ok()) << storable.status();
    storable->receipt = &receipt_;
    return *std::move(storable);
  }
  // The first two steps: announced, and written.
  absl::Status Write(StorableMessage* message) {
    return Await(context_, second_->Write({message}, SecondStore::Pace::kPatient));
  }
  // The last step, and nothing else: the message that is queued, empty when it is refused.
  std::string OnlyQueue(StorableMessage message) {
    const auto result = Await(context_, alone_->Enqueue({std::move(message)}, std::nullopt));
    EXPECT_TRUE(result.ok()) << result.status();
    return receipt_.id;
  }
  std::string Content(const std::string& id) {
    const auto stored = Await(context_, store_->GetContent(id, 0));
    return stored.ok() ? *DecompressContent(*stored) : stored.status().ToString();
  }
  int64_t InSecondStore() { return KeyCount("content:*", second_client_.get()); }
  std::string Announced() { return redis_->Raw("ZCARD announced:{0}"); }

  // A replica of the queue that does not know of the second store.
  std::unique_ptr<QueueStore> alone_;
  Receipt receipt_;
};

// SPEC Q8
TEST_P(SecondStoreTest, Content_IsThereAlone_AndComesAlong) {
  const std::string id = Enqueue(3, {"bob@x.example", "cy@y.example"});
  EXPECT_EQ(KeyCount("content:*"), 0);
  EXPECT_EQ(InSecondStore(), 1) << "once, whatever the recipients";
  const auto leased = Lease().deliveries;
  ASSERT_THAT(leased, SizeIs(2));
  for (const auto& each : leased) EXPECT_EQ(*DecompressContent(each.content), kContent);
  EXPECT_EQ(Content(id), kContent);
}

// What a batch costs does not grow with it, in calls.
TEST_P(SecondStoreTest, Batch_IsAnnouncedAndWrittenTogether) {
  std::vector<StorableMessage> batch;
  for (int i = 0; i < 20; ++i) batch.push_back(Storable(Message(3, {"bob@x.example"})));
  Enqueue(3, {"bob@x.example"});  // Redis knows the scripts from now on
  redis_->Raw("CONFIG RESETSTAT");
  ASSERT_TRUE(Await(context_, store_->Enqueue(std::move(batch), std::nullopt)).ok());
  EXPECT_TRUE(absl::StrContains(redis_->Raw("INFO commandstats"), "cmdstat_evalsha:calls=2,"));
  EXPECT_EQ(InSecondStore(), 21);
}

// SPEC Q1: killed behind the announcement; or the second store is down, which is the same.
TEST_P(SecondStoreTest, AnnouncedOnly_IsNoMessage) {
  second_redis_->Kill();
  const v1::NewMessage message = Message(3, {"bob@x.example"});
  EXPECT_EQ(Await(context_, EnqueueOne(Storable(message))).code(), absl::StatusCode::kUnavailable);
  RestartSecond();
  EXPECT_EQ(Announced(), ":1\r\n");
  EXPECT_THAT(LeaseIds(), IsEmpty());
  EXPECT_THAT(EventTypes(), IsEmpty());
  Enqueue(message);
  EXPECT_EQ(Announced(), ":0\r\n");
  EXPECT_EQ(Content(message.message_id()), kContent) << "the next try has it";
}

// SPEC Q1: killed before the message is made.
TEST_P(SecondStoreTest, ContentOnly_IsSweptWhenItsTimeIsOver) {
  StorableMessage message = Storable(Message(3, {"bob@x.example"}));
  ASSERT_TRUE(Write(&message).ok());
  EXPECT_THAT(Broken(), IsEmpty());
  ASSERT_TRUE(Await(context_, second_->Sweep()).ok());
  EXPECT_EQ(InSecondStore(), 1) << "its message may still come";
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(InSecondStore(), 0);
}

// SPEC Q1: killed when the message is made and nobody has heard of it.
TEST_P(SecondStoreTest, QueuedMessage_NeedsNothingMore) {
  StorableMessage message = Storable(Message(3, {"bob@x.example"}));
  ASSERT_TRUE(Write(&message).ok());
  EXPECT_EQ(OnlyQueue(message), message.id);
  EXPECT_EQ(Announced(), ":0\r\n");
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(Content(message.id), kContent);
}

// I5: killed between the end of the message and each step of the removal.
TEST_P(SecondStoreTest, FinishedMessage_IsRemovedWhereverTheRemovalStopped) {
  for (const bool half_done : {false, true}) {
    Enqueue(3, {"bob@x.example"});
    const auto leased = Lease().deliveries;
    Complete(Outcome(leased[0], v1::OUTCOME_KIND_DELIVERED, {"bob@x.example"}));
    EXPECT_EQ(InSecondStore(), 1);
    EXPECT_THAT(Broken(), IsEmpty());
    if (half_done) second_redis_->FlushAll();
    ASSERT_TRUE(Sweep().ok());
    EXPECT_EQ(InSecondStore(), 0);
    EXPECT_EQ(redis_->Raw("EXISTS gone:{0} announced:{0}"), ":0\r\n");
  }
}

TEST_P(SecondStoreTest, CancelledMessage_IsRemovedToo) {
  const std::string id = Enqueue(3, {"bob@x.example"});
  ASSERT_THAT(*Await(context_, admin_->Change({.change = v1::DELIVERY_CHANGE_CANCEL}, {id + ".0"})),
              SizeIs(1));
  EXPECT_EQ(Contents(), 0);
}

// Down while messages end: what is to be removed waits for it.
TEST_P(SecondStoreTest, RemovalWaitsForTheStore) {
  Enqueue(3, {"bob@x.example"});
  const auto leased = Lease().deliveries;
  second_redis_->Kill();
  EXPECT_THAT(Complete(Outcome(leased[0], v1::OUTCOME_KIND_DELIVERED, {"bob@x.example"})),
              IsEmpty());
  EXPECT_EQ(Sweep().code(), absl::StatusCode::kUnavailable);
  RestartSecond();
  EXPECT_EQ(InSecondStore(), 1);
  EXPECT_EQ(Contents(), 0);
}

// Never is content removed of a message that is made: who comes too late is refused.
TEST_P(SecondStoreTest, SweptAnnouncement_MakesNoMessage) {
  StorableMessage message = Storable(Message(3, {"bob@x.example"}));
  ASSERT_TRUE(Write(&message).ok());
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(OnlyQueue(message), "");
  EXPECT_THAT(LeaseIds(), IsEmpty());
}

// The same, when the same id was announced once more meanwhile: the names differ.
TEST_P(SecondStoreTest, SecondTry_HasContentOfItsOwn) {
  const v1::NewMessage message = Message(3, {"bob@x.example"});
  StorableMessage first = Storable(message);
  ASSERT_TRUE(Write(&first).ok());
  ASSERT_TRUE(Sweep().ok());
  Pass("0.01");
  StorableMessage second = Storable(message);
  ASSERT_TRUE(Write(&second).ok());
  EXPECT_NE(first.announced, second.announced);
  EXPECT_EQ(OnlyQueue(first), "") << "its content is gone";
  EXPECT_EQ(OnlyQueue(second), second.id);
  // A sweeper that was asleep since the first time does no harm either.
  ASSERT_TRUE(Sweep().ok());
  EXPECT_EQ(Content(second.id), kContent);
}

// Requests that are repeated: while the first is under way, and when it is done.
TEST_P(SecondStoreTest, RepeatedRequest_KeepsTheContentOfTheFirst) {
  const v1::NewMessage message = Message(3, {"bob@x.example"});
  StorableMessage first = Storable(message);
  StorableMessage meanwhile = Storable(message);
  ASSERT_TRUE(Write(&first).ok());
  ASSERT_TRUE(Write(&meanwhile).ok());
  EXPECT_EQ(OnlyQueue(first), first.id);
  EXPECT_EQ(OnlyQueue(meanwhile), first.id);
  Pass("0.01");
  Enqueue(message);
  EXPECT_EQ(Contents(), 1);
  EXPECT_EQ(Content(first.id), kContent);
  EXPECT_THAT(EventTypes(), SizeIs(1));
}

// SPEC S11: what a known idempotency key turns away leaves no content behind.
TEST_P(SecondStoreTest, KnownIdempotencyKey_LeavesNoContent) {
  v1::NewMessage first = Message(3, {"bob@x.example"});
  first.set_idempotency_key("order-17");
  v1::NewMessage again = first;
  again.set_message_id(NewMessageId(0));
  Enqueue(first);
  ASSERT_TRUE(Await(context_, EnqueueOne(Storable(again))).ok());
  EXPECT_EQ(receipt_.id, first.message_id());
  EXPECT_EQ(Announced(), ":0\r\n");
  EXPECT_EQ(Contents(), 1);
}

// SPEC Q2: down, it stops no lease; its content is neither lost nor damaged, only not to be had.
TEST_P(SecondStoreTest, StoreDown_LeasesGoOnWithoutContent) {
  const std::string id = Enqueue(3, {"bob@x.example"});
  second_redis_->Kill();
  const auto leased = Lease().deliveries;
  ASSERT_THAT(leased, SizeIs(1));
  EXPECT_EQ(leased[0].content, "");
  EXPECT_EQ(Await(context_, store_->GetContent(id, 0)).status().code(),
            absl::StatusCode::kUnavailable);
  RestartSecond();
  EXPECT_EQ(Content(id), kContent);
}

TEST_P(SecondStoreTest, WipedStore_HasNoContent) {
  const std::string id = Enqueue(3, {"bob@x.example"});
  second_redis_->FlushAll();
  EXPECT_EQ(Lease().deliveries[0].content, "");
  EXPECT_EQ(Await(context_, store_->GetContent(id, 0)).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(Broken(), ElementsAre(testing::HasSubstr("I5: the second store lacks " + id)))
      << "and the referee sees it";
  redis_->FlushAll();
}

// SPEC B1: what came of a delivery is reported whatever state that store is in.
TEST_P(SecondStoreTest, Bounce_LiesThereOrElseInTheMainStore) {
  for (const bool down : {false, true}) {
    Enqueue(3, {"bob@x.example"});
    const auto leased = Lease().deliveries;
    v1::Completion completion = Outcome(leased[0], v1::OUTCOME_KIND_FAILED, {"bob@x.example"});
    *completion.mutable_bounce() = Message(3, {"ann@sender.example"});
    if (down) second_redis_->Kill();
    EXPECT_THAT(Complete(completion), IsEmpty());
    if (down) RestartSecond();
    ASSERT_TRUE(Sweep().ok());
    EXPECT_EQ(InSecondStore(), down ? 0 : 1);
    EXPECT_EQ(Content(completion.bounce().message_id()), kContent);
    const auto bounce = Lease().deliveries;
    ASSERT_THAT(bounce, SizeIs(1));
    Complete(Outcome(bounce[0], v1::OUTCOME_KIND_DELIVERED, {"ann@sender.example"}));
    EXPECT_EQ(Contents(), 0);
  }
}

// A bounce without content would be lost: its delivery is not done, and the lease stays as it was.
TEST_P(SecondStoreTest, BounceWhoseAnnouncementWasSwept_LeavesTheDeliveryAsItWas) {
  Enqueue(3, {"bob@x.example"});
  const auto leased = Lease().deliveries;
  v1::Completion completion = Outcome(leased[0], v1::OUTCOME_KIND_FAILED, {"bob@x.example"});
  *completion.mutable_bounce() = Message(3, {"ann@sender.example"});
  StorableCompletion storable = *ToStorable(completion, {}, absl::Now());
  ASSERT_TRUE(Write(&storable.bounce[0]).ok());
  ASSERT_TRUE(Sweep().ok());
  const auto result = Await(context_, alone_->Complete({std::move(storable)}));
  EXPECT_THAT(result->lost, ElementsAre(leased[0].lease_id));
  EXPECT_THAT(EventTypes(), SizeIs(1));
  EXPECT_THAT(Complete(completion), IsEmpty());
  EXPECT_THAT(LeaseIds(), ElementsAre(completion.bounce().message_id() + ".0"));
}

// Turned on and off with mail queued: each message's content is found where it is.
TEST_P(SecondStoreTest, ContentOfBothPlaces_GoesOut) {
  const std::string before = Enqueue(3, {"bob@x.example"});
  std::swap(store_, alone_);
  const std::string after = Enqueue(3, {"cy@x.example"});
  EXPECT_EQ(InSecondStore(), 1);
  EXPECT_EQ(Await(context_, store_->GetContent(before, 0)).status().code(),
            absl::StatusCode::kUnavailable)
      << "who does not know of the second store must not call it lost";
  std::swap(store_, alone_);
  const auto leased = Lease().deliveries;
  ASSERT_THAT(leased, SizeIs(2));
  for (const auto& each : leased) EXPECT_EQ(*DecompressContent(each.content), kContent);
  EXPECT_EQ(Content(before), kContent);
  EXPECT_EQ(Content(after), kContent);
  for (const auto& each : leased) {
    Complete(Outcome(each, v1::OUTCOME_KIND_DELIVERED, {"bob@x.example", "cy@x.example"}));
  }
  EXPECT_EQ(Contents(), 0);
}

// For a copy of both stores that fit together although they are taken one after the other.
TEST_P(SecondStoreTest, FinishedContent_StaysAsLongAsItIsToldTo) {
  SecondStore keeper(partition_.get(),
                     {.store = second_client_.get(), .hasty = second_client_.get()},
                     absl::Milliseconds(300));
  Enqueue(3, {"bob@x.example"});
  const auto leased = Lease().deliveries;
  Complete(Outcome(leased[0], v1::OUTCOME_KIND_DELIVERED, {"bob@x.example"}));
  ASSERT_TRUE(Await(context_, keeper.Sweep()).ok());
  EXPECT_EQ(InSecondStore(), 1);
  Pass("0.4");
  ASSERT_TRUE(Await(context_, keeper.Sweep()).ok());
  EXPECT_EQ(InSecondStore(), 0);
}

INSTANTIATE_TEST_SUITE_P(Content, SecondStoreTest, testing::Values(ContentIn::kSecondStore),
                         NameOfPlace);

}  // namespace
}  // namespace staffetta::queue
