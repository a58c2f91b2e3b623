// What operators do to deliveries, one by one, and what they are told.
#include <absl/strings/match.h>

#include "queue/messages.h"
#include "queue/store_fixture.h"

namespace staffetta::queue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class AdminStoreTest : public QueueStoreTest {
 protected:
  bool Change(v1::DeliveryChange change, const std::string& id, const std::string& channel = "",
              const std::string& why = "") {
    events::v1::Event event;
    event.set_type(change == v1::DELIVERY_CHANGE_CANCEL ? events::v1::EVENT_TYPE_CANCELLED
                                                        : events::v1::EVENT_TYPE_STATE_CHANGED);
    const auto changed = Await(
        context_, admin_->Change({change, why, event.SerializeAsString(), channel}, {id + ".0"}));
    EXPECT_TRUE(changed.ok()) << changed.status();
    return changed->size() == 1;
  }
  v1::Explanation Why(const std::string& id) {
    const auto described = Await(context_, admin_->DescribeMessage(id));
    EXPECT_THAT(described->deliveries, SizeIs(1));
    return ExplanationOf(described->deliveries[0], *described);
  }
  v1::DeliveryState StateOf(const std::string& id) { return Why(id).delivery().state(); }
  std::string EnqueueInAnHour() {
    v1::NewMessage message = Message(3, {"r@x.example"});
    message.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 3600);
    return Enqueue(message);
  }
};

TEST_P(AdminStoreTest, PausedDelivery_WaitsUntilItIsResumed) {
  const std::string id = Enqueue(3, {"r@x.example"});
  const std::string other = Enqueue(3, {"r@x.example"});
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_PAUSE, id));
  EXPECT_FALSE(Change(v1::DELIVERY_CHANGE_PAUSE, id)) << "it is paused already";
  EXPECT_EQ(Await(context_, admin_->GetStats())->paused, 1);
  EXPECT_THAT(LeaseIds(), ElementsAre(other + ".0"));
  EXPECT_THAT(Why(id).text(), HasSubstr("paused by an operator"));
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_RESUME, id));
  EXPECT_THAT(LeaseIds(), ElementsAre(id + ".0"));
}

// SPEC Q6
TEST_P(AdminStoreTest, PausedDelivery_SaysWhyForAsLongAsItIs) {
  const std::string id = Enqueue(3, {"r@x.example"});
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_PAUSE, id, "", "their legal department"));
  const std::string since = Why(id).since().SerializeAsString();
  absl::SleepFor(absl::Milliseconds(5));
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_REROUTE, id, "sandbox"));
  EXPECT_EQ(Why(id).since().SerializeAsString(), since) << "it has been paused all the time";
  EXPECT_THAT(Why(id).text(), HasSubstr("paused by an operator just now: their legal department"));
  EXPECT_EQ(Why(id).detail(), "their legal department");
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_RESUME, id));
  EXPECT_EQ(Why(id).detail(), "");
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_PAUSE, id));
  EXPECT_EQ(Why(id).text(), "paused by an operator just now");
}

TEST_P(AdminStoreTest, PausedAndResumedOften_IsHandedOutOnce) {
  const std::string id = Enqueue(3, {"r@x.example"});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_PAUSE, id));
    EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_RESUME, id));
  }
  EXPECT_THAT(LeaseIds(), ElementsAre(id + ".0"));
  EXPECT_THAT(LeaseIds(), IsEmpty());
}

// SPEC Q3: what was scheduled keeps its time through a pause.
TEST_P(AdminStoreTest, ResumedBeforeItsTime_IsScheduledAgain) {
  const std::string id = EnqueueInAnHour();
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_PAUSE, id));
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_RESUME, id));
  EXPECT_EQ(StateOf(id), v1::DELIVERY_STATE_DUE_LATER);
  EXPECT_THAT(LeaseIds(), IsEmpty());
}

TEST_P(AdminStoreTest, SendNow_DoesNotWaitForTheTime) {
  const std::string id = EnqueueInAnHour();
  EXPECT_FALSE(Change(v1::DELIVERY_CHANGE_RESUME, id)) << "it is not paused";
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_SEND_NOW, id));
  EXPECT_THAT(LeaseIds(), ElementsAre(id + ".0"));
}

TEST_P(AdminStoreTest, CancelledDelivery_IsGoneWithItsEvent) {
  const std::string id = Enqueue(3, {"r@x.example"});
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_CANCEL, id));
  EXPECT_THAT(LeaseIds(), IsEmpty());
  EXPECT_EQ(Contents() + KeyCount("dlv:*"), 0);
  EXPECT_THAT(EventTypes(),
              ElementsAre(events::v1::EVENT_TYPE_ACCEPTED, events::v1::EVENT_TYPE_CANCELLED));
  EXPECT_THAT(Events()[1].recipients(), ElementsAre("r@x.example"));
}

TEST_P(AdminStoreTest, ExpiredByAnOperator_GoesToAWorkerToBeReported) {
  const std::string id = EnqueueInAnHour();
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_EXPIRE, id));
  EXPECT_EQ(StateOf(id), v1::DELIVERY_STATE_EXPIRED);
  const auto result = Lease();
  ASSERT_THAT(result.deliveries, SizeIs(1));
  EXPECT_LE(result.deliveries[0].expires, result.now);
}

TEST_P(AdminStoreTest, ReroutedDelivery_HasANewChannelAndLane) {
  const std::string id = Enqueue(3, {"r@x.example"});
  EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_REROUTE, id, "backup"));
  EXPECT_EQ(Why(id).delivery().lane(), "1/0/backup/x.example");
  const auto result = Lease();
  ASSERT_THAT(result.deliveries, SizeIs(1));
  events::v1::Event event;
  event.ParseFromString(result.deliveries[0].message_part + result.deliveries[0].delivery_part);
  EXPECT_EQ(event.envelope().channel(), "backup");
  EXPECT_EQ(event.envelope().sender(), "ann@sender.example") << "the rest of the envelope stays";
}

// SPEC Q5: for good, not only until the next attempt.
TEST_P(AdminStoreTest, ReroutedDelivery_KeepsItsChannelThroughRetries) {
  v1::NewMessage message = Message(3, {"r@x.example"});
  message.mutable_envelope()->set_channel("shared");
  const std::string id = Enqueue(message);
  for (const char* channel : {"backup", "sandbox"}) {
    EXPECT_TRUE(Change(v1::DELIVERY_CHANGE_REROUTE, id, channel));
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto result = Lease();
      ASSERT_THAT(result.deliveries, SizeIs(1));
      events::v1::Event event;
      event.ParseFromString(result.deliveries[0].message_part + result.deliveries[0].delivery_part);
      EXPECT_EQ(event.envelope().channel(), channel);
      EXPECT_THAT(event.recipients(), ElementsAre("r@x.example"));
      Complete(Outcome(result.deliveries[0], v1::OUTCOME_KIND_DEFERRED, {"r@x.example"},
                       absl::ZeroDuration()));
    }
  }
}

TEST_P(AdminStoreTest, LeasedDelivery_IsLeftAlone) {
  const std::string id = Enqueue(3, {"r@x.example"});
  LeaseIds();
  for (const auto change : {v1::DELIVERY_CHANGE_PAUSE, v1::DELIVERY_CHANGE_CANCEL,
                            v1::DELIVERY_CHANGE_EXPIRE, v1::DELIVERY_CHANGE_REROUTE}) {
    EXPECT_FALSE(Change(change, id));
  }
  EXPECT_EQ(StateOf(id), v1::DELIVERY_STATE_LEASED);
}

// SPEC Q6, for each reason that a store can see.
TEST_P(AdminStoreTest, Explanations_SayWhatADeliveryWaitsFor) {
  const std::string id = Enqueue(3, {"r@x.example"});
  EXPECT_EQ(Why(id).reason(), v1::WAIT_REASON_NO_WORKER);
  Lease({.worker = "w", .credits = 0, .express = 1}, true);
  EXPECT_EQ(Why(id).reason(), v1::WAIT_REASON_TURN);
  EXPECT_EQ(Why(id).place(), 0);

  const std::string urgent = Enqueue(1, {"r@y.example"});
  const v1::Explanation behind = Why(id);
  EXPECT_EQ(behind.reason(), v1::WAIT_REASON_HIGHER_CLASS);
  EXPECT_EQ(behind.text(), "held by priority: class 1 goes before class 3");

  const auto leased = Lease({.worker = "mx1.host-ab12", .credits = 1}).deliveries;
  const v1::Explanation in_work = Why(urgent);
  EXPECT_EQ(in_work.reason(), v1::WAIT_REASON_IN_WORK);
  EXPECT_EQ(in_work.scope(), "mx1.host-ab12");

  v1::Completion completion =
      Outcome(leased[0], v1::OUTCOME_KIND_DEFERRED, {"r@y.example"}, absl::Minutes(9));
  completion.mutable_outcomes(0)->mutable_reply()->set_text("greylisted");
  Complete(completion);
  const v1::Explanation retry = Why(urgent);
  EXPECT_EQ(retry.reason(), v1::WAIT_REASON_RETRY);
  EXPECT_THAT(retry.text(), HasSubstr("waits for attempt 2: goes in 9m"));
  EXPECT_THAT(retry.text(), HasSubstr("451 greylisted"));
  const std::string scheduled = EnqueueInAnHour();
  EXPECT_EQ(Why(scheduled).reason(), v1::WAIT_REASON_SCHEDULE);

  for (const char* scope : {"destination:x.example", "destination:y.example"}) Hold(scope);
  EXPECT_EQ(Why(id).text(), "held by an operator: destination:x.example, just now");
  EXPECT_THAT(Why(scheduled).text(),
              HasSubstr("; then held by an operator: destination:x.example, just now"));
  EXPECT_EQ(Why(urgent).reason(), v1::WAIT_REASON_RETRY);
  EXPECT_EQ(Why(urgent).scope(), "destination:y.example");
}

// SPEC Q6: without a worker nothing that is due goes.
TEST(Explanations, SayThatNoWorkerAsks) {
  const absl::Time now = absl::Now();
  const auto explain = [now](v1::DeliveryState state, absl::Time at, absl::Time last_asked) {
    AdminStore::Described described{.state = state, .at = at, .lease_id = "mx1.1.2.3"};
    return ExplanationOf(described, {.now = now, .last_asked = last_asked, .deliveries = {}});
  };
  const absl::Time ago = now - absl::Seconds(40);
  const v1::Explanation taken_over =
      explain(v1::DELIVERY_STATE_LEASED, now - absl::Seconds(3), now);
  EXPECT_EQ(taken_over.reason(), v1::WAIT_REASON_IN_WORK);
  EXPECT_EQ(taken_over.text(),
            "worker mx1 had it, its lease ended 3s ago: the next worker that asks takes it over");
  const v1::Explanation left = explain(v1::DELIVERY_STATE_LEASED, ago, ago);
  EXPECT_EQ(left.reason(), v1::WAIT_REASON_NO_WORKER);
  EXPECT_EQ(left.text(),
            "worker mx1 had it, its lease ended 40s ago: the next worker that asks takes it over; "
            "the last delivery worker asked for work 40s ago: is the delivery role running?");
  EXPECT_EQ(explain(v1::DELIVERY_STATE_DUE_LATER, now, ago).text(),
            "scheduled: goes now; the last delivery worker asked for work 40s ago: is the delivery "
            "role running?");
  EXPECT_EQ(explain(v1::DELIVERY_STATE_DUE_LATER, now + absl::Seconds(9), ago).text(),
            "scheduled: goes in 9s");
  EXPECT_EQ(explain(v1::DELIVERY_STATE_DUE_LATER, now, now).text(), "scheduled: goes now");
  EXPECT_EQ(explain(v1::DELIVERY_STATE_PAUSED, now, now).text(), "paused by an operator just now");
}

// SPEC Q5: each criterion chooses; all that are set must fit.
TEST(Selectors, ChooseByWhatIsSet) {
  v1::QueuedDelivery delivery;
  delivery.set_delivery_id("m.0");
  delivery.mutable_envelope()->set_account_id(7);
  delivery.mutable_envelope()->set_user("s7_0");
  delivery.mutable_envelope()->set_sender("Ann@Sender.example");
  delivery.mutable_envelope()->set_subject("Your code");
  delivery.mutable_envelope()->set_channel("backup");
  delivery.mutable_envelope()->set_campaign_code("spring");
  delivery.add_recipients("bob@x.example");
  delivery.set_destination("x.example");
  delivery.set_lane("7/0/backup/x.example");
  delivery.set_class_(2);
  delivery.set_state(v1::DELIVERY_STATE_DUE_LATER);
  delivery.mutable_accept_time()->set_seconds(1000);
  delivery.mutable_due_time()->set_seconds(2000);
  const absl::Time now = absl::FromUnixSeconds(1600);

  const auto with = [](auto set) {
    v1::Selector selector;
    set(&selector);
    return selector;
  };
  using S = v1::Selector*;
  const std::vector<v1::Selector> fitting{
      with([](S s) { s->set_account_id(7); }),
      with([](S s) { s->set_list_id(0); }),
      with([](S s) { s->set_user("s7_0"); }),
      with([](S s) { s->set_message_id("m"); }),
      with([](S s) { s->set_destination("X.example"); }),
      with([](S s) { s->set_channel("backup"); }),
      with([](S s) { s->set_campaign("spring"); }),
      with([](S s) { s->set_lane("7/0/backup/x.example"); }),
      with([](S s) { s->set_class_(2); }),
      with([](S s) { s->set_state(v1::DELIVERY_STATE_DUE_LATER); }),
      with([](S s) { s->mutable_older_than()->set_seconds(600); }),
      with([](S s) { s->set_sender("ann@sender"); }),
      with([](S s) { s->set_recipient("BOB@"); }),
      with([](S s) { s->set_subject("code"); }),
      with([](S s) { s->mutable_due_before()->set_seconds(2001); }),
  };
  for (const v1::Selector& s : fitting) EXPECT_TRUE(Fits(s, delivery, now)) << s.DebugString();
  const std::vector<v1::Selector> others{
      with([](S s) { s->set_account_id(8); }),
      with([](S s) { s->set_list_id(1); }),
      with([](S s) { s->set_user("s7_1"); }),
      with([](S s) { s->set_message_id("n"); }),
      with([](S s) { s->set_destination("y.example"); }),
      with([](S s) { s->set_channel("shared"); }),
      with([](S s) { s->set_campaign("autumn"); }),
      with([](S s) { s->set_lane("7/0/shared/x.example"); }),
      with([](S s) { s->set_class_(1); }),
      with([](S s) { s->set_state(v1::DELIVERY_STATE_LEASED); }),
      with([](S s) { s->mutable_older_than()->set_seconds(601); }),
      with([](S s) { s->set_sender("bob"); }),
      with([](S s) { s->set_recipient("ann"); }),
      with([](S s) { s->set_subject("bill"); }),
      with([](S s) { s->mutable_due_before()->set_seconds(2000); }),
      with([](S s) {
        s->set_account_id(7);
        s->set_class_(1);
      }),
  };
  for (const v1::Selector& s : others) EXPECT_FALSE(Fits(s, delivery, now)) << s.DebugString();
  delivery.mutable_envelope()->set_list_id(2);
  EXPECT_FALSE(Fits(fitting[1], delivery, now)) << "list 0 is the default list, not any";
  delivery.clear_due_time();
  EXPECT_FALSE(Fits(fitting.back(), delivery, now)) << "it waits for no time";
}

INSTANTIATE_TEST_SUITE_P(Content, AdminStoreTest, testing::ValuesIn(kPlaces), NameOfPlace);

}  // namespace
}  // namespace staffetta::queue
