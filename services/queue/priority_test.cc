// Who goes first: classes across calls, fair turns, the urgent budget, the floor share.
#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class PriorityTest : public QueueStoreTest {
 protected:
  std::vector<std::string> EnqueueMany(int count, int message_class, const std::string& recipient,
                                       uint64_t account = 1) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i)
      ids.push_back(Enqueue(message_class, {recipient}, account) + ".0");
    return ids;
  }
  int CountOfClass(const QueueStore::LeaseResult& result, int message_class) {
    return static_cast<int>(std::count_if(
        result.deliveries.begin(), result.deliveries.end(),
        [message_class](const auto& delivery) { return delivery.message_class == message_class; }));
  }
};

// SPEC P3: express credits are for class 1 alone.
TEST_P(PriorityTest, ExpressCredits_TakeOnlyTheHighestClass) {
  const auto urgent = EnqueueMany(3, 1, "r@x.example");
  const auto normal = EnqueueMany(3, 3, "r@x.example");
  EXPECT_THAT(Ids(Lease({.worker = "w", .credits = 0, .express = 2})),
              ElementsAre(urgent[0], urgent[1]));
  EXPECT_THAT(Ids(Lease({.worker = "w", .credits = 1, .express = 5})), ElementsAre(urgent[2]));
  EXPECT_THAT(Ids(Lease({.worker = "w", .credits = 0, .express = 5})), IsEmpty());
  EXPECT_THAT(LeaseIds(), SizeIs(3));
}

// SPEC P3: a call for another partition's sake hands out no lower class than it was told.
TEST_P(PriorityTest, LowestClass_IsKeptTo) {
  EnqueueMany(1, 4, "r@x.example");
  const auto high = EnqueueMany(1, 2, "r@x.example");
  const auto result = Lease({.worker = "w", .credits = 10, .lowest_class = 3});
  EXPECT_THAT(Ids(result), ElementsAre(high[0]));
  EXPECT_EQ(result.outlook.highest_waiting_class, 4);
}

// SPEC P3: a call that cannot look at all lanes of a class leaves the lower ones alone.
TEST_P(PriorityTest, ManyHeldLanes_DoNotLetALowerClassGoFirst) {
  for (int i = 0; i < 1100; ++i) {
    v1::NewMessage message = Message(1, {absl::StrCat("r@x", i, ".example")});
    message.mutable_envelope()->set_list_id(7);
    Enqueue(message);
  }
  Enqueue(1, {"r@x.example"});
  Enqueue(5, {"r@x.example"});
  Hold("list:1/7");
  std::vector<int> classes;
  for (int i = 0; i < 5; ++i) {
    for (const auto& each : Lease(1).deliveries) classes.push_back(each.message_class);
  }
  EXPECT_THAT(classes, ElementsAre(1, 5));
}

// A call looks at no more than a bounded number of deliveries that are not there any more.
TEST_P(PriorityTest, CancelledDeliveries_CostFewCommands) {
  const auto ids = EnqueueMany(4000, 3, "r@x.example");
  EXPECT_TRUE(
      Await(context_, admin_->Change({.change = v1::DELIVERY_CHANGE_CANCEL, .event = "e"}, ids))
          .ok());
  const std::string behind = Enqueue(3, {"r@x.example"}) + ".0";
  std::vector<std::string> found;
  int calls = 0;
  for (; found.empty() && calls < 10; ++calls) {
    EXPECT_LE(CommandsOf([&] { found = LeaseIds(64); }), 1200);
  }
  EXPECT_THAT(found, ElementsAre(behind));
  EXPECT_LE(calls, 5);
  for (int i = 0; second_ && i < 10; ++i) EXPECT_TRUE(Sweep().ok());
}

// SPEC P4: class-1 messages beyond the account's budget count as class 2; another account is not
// touched.
TEST_P(PriorityTest, UrgentBudget_DemotesWhatIsBeyondIt) {
  store_ = NewStore({.urgent_per_minute = 2});
  EnqueueMany(4, 1, "r@x.example", 1);
  EnqueueMany(1, 1, "r@x.example", 2);
  const auto stats = Await(context_, admin_->GetStats());
  EXPECT_EQ(stats->classes[1].ready, 3);
  EXPECT_EQ(stats->classes[2].ready, 2);
  for (const auto& leased : Lease().deliveries) {
    events::v1::Event event;
    ASSERT_TRUE(event.ParseFromString(leased.message_part + leased.delivery_part));
    EXPECT_EQ(event.class_(), leased.message_class) << "what the events say is what happens";
  }
}

// SPEC P4: by default nothing goes to lower classes; with a floor, its share does.
TEST_P(PriorityTest, FloorShare_IsWhatLowClassesGet) {
  EnqueueMany(60, 1, "r@x.example");
  EnqueueMany(60, 5, "r@x.example");
  EXPECT_EQ(CountOfClass(Lease(20), 5), 0);
  store_ = NewStore({.floor_per_mille = 100});
  int low = 0;
  for (int i = 0; i < 8; ++i) {
    const auto leased = Lease(5);
    low += CountOfClass(leased, 5);
    for (const auto& each : leased.deliveries) {
      EXPECT_EQ(each.by_floor_share, each.message_class == 5) << "so that nobody hands it back";
    }
  }
  EXPECT_EQ(low, 4) << "a tenth of 40";
}

// SPEC P5: an account with a thousand lanes gets no more turns than one with a single lane.
TEST_P(PriorityTest, AccountsTakeTurns_HoweverManyLanesTheyHave) {
  for (int i = 0; i < 30; ++i) Enqueue(3, {absl::StrCat("r@x", i, ".example")}, 1);
  const auto other = EnqueueMany(3, 3, "r@x.example", 2);
  const auto first = LeaseIds(6);
  for (const std::string& id : other) EXPECT_THAT(first, Contains(id));
}

// SPEC P5: the first of a new lane waits for one round at most.
TEST_P(PriorityTest, NewLane_WaitsForOneRoundAtMost) {
  EnqueueMany(50, 3, "r@big.example", 1);
  EnqueueMany(50, 3, "r@large.example", 2);
  LeaseIds(7);
  const auto late = EnqueueMany(1, 3, "r@x.example", 3);
  EXPECT_THAT(LeaseIds(3), Contains(late[0]));
}

// A step saved: what is enqueued while a worker waits is handed out in the same script, by the same
// rules.
TEST_P(PriorityTest, EnqueueForAWaitingWorker_HandsOutTheBest) {
  const std::string low = Enqueue(5, {"r@x.example"}) + ".0";
  v1::NewMessage urgent = Message(1, {"r@x.example"});
  std::vector<StorableMessage> batch;
  batch.push_back(*ToStorable(urgent, {}));
  const auto result = Await(context_, store_->Enqueue(std::move(batch), Credits(2)));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Ids(*result), ElementsAre(urgent.message_id() + ".0", low));
  EXPECT_EQ(result->deliveries[0].plain_content, urgent.content()) << "it was at hand";
  EXPECT_EQ(result->deliveries[1].plain_content, "");
  EXPECT_EQ(result->deliveries[1].content.empty(), second_ != nullptr)
      << "the submitter does not wait for the second store";
  EXPECT_EQ(result->outlook.highest_waiting_class, 0);
}

INSTANTIATE_TEST_SUITE_P(Content, PriorityTest, testing::ValuesIn(kPlaces), NameOfPlace);

}  // namespace
}  // namespace staffetta::queue
