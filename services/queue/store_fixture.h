#pragma once

// For tests of the queue's stores, on a real Redis (test_deployment.h), with and without a second
// one for content. After each test the invariants of DESIGN §4 are checked over all keys, and once
// more when the second store has been swept.

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/redis/test_redis.h"
#include "queue/admin_store.h"
#include "queue/invariants.h"
#include "queue/queue_store.h"
#include "queue/second_store.h"
#include "queue/test_deployment.h"
#include "staffetta/events/v1/events.pb.h"

namespace staffetta::queue {

// INSTANTIATE_TEST_SUITE_P(Content, …, testing::ValuesIn(kPlaces), NameOfPlace).
enum class ContentIn { kMainStore, kSecondStore };
inline constexpr ContentIn kPlaces[] = {ContentIn::kMainStore, ContentIn::kSecondStore};
inline std::string NameOfPlace(const testing::TestParamInfo<ContentIn>& info) {
  return info.param == ContentIn::kMainStore ? "InMainStore" : "InSecondStore";
}

// What XRANGE gives of a stream of events.
inline std::vector<events::v1::Event> EventsOf(const redis::Value& reply) {
  std::vector<events::v1::Event> events;
  for (const redis::Value& entry : reply.array()) {
    events::v1::Event event;
    EXPECT_TRUE(event.ParseFromString(entry.array()[1].array()[1].str()));
    events.push_back(event);
  }
  return events;
}

class QueueStoreTest : public testing::TestWithParam<ContentIn> {
 protected:
  static void SetUpTestSuite() {
    redis_ = std::make_unique<TestDeployment>();
    second_redis_ = std::make_unique<redis::TestRedis>();
  }
  static void TearDownTestSuite() {
    redis_ = nullptr;
    second_redis_ = nullptr;
  }

  void SetUp() override {
    redis_->FlushAll();
    second_redis_->FlushAll();
    client_ = std::make_unique<redis::Client>(context_.get_executor(), redis_->options());
    partition_ = std::make_unique<Partition>(client_.get(), 0, 1'000'000);
    admin_ = std::make_unique<AdminStore>(partition_.get());
    redis::Client::Options second = second_redis_->options();
    second.connect_timeout = absl::Milliseconds(200);
    second_client_ = std::make_unique<redis::Client>(context_.get_executor(), second);
    if (GetParam() == ContentIn::kSecondStore) {
      second_ = std::make_unique<SecondStore>(
          partition_.get(),
          SecondStore::Clients{.store = second_client_.get(), .hasty = second_client_.get()},
          absl::ZeroDuration());
    }
    store_ = NewStore(absl::Seconds(60));
  }
  void TearDown() override {
    EXPECT_THAT(Broken(), testing::IsEmpty());
    if (!second_) return;
    EXPECT_TRUE(Sweep().ok());
    EXPECT_THAT(Broken(), testing::IsEmpty()) << "after a sweep";
    EXPECT_EQ(Await(context_, admin_->GetStats())->gone, 0);
  }

  std::vector<std::string> Broken() {
    const auto still = Still();
    return Await(context_, BrokenInvariants(client_.get(), "{0}", second_client_.get()));
  }
  // As TestDeployment::Still; and the client knows where the slot is, for commands without a key.
  std::unique_lock<std::mutex> Still() {
    auto still = redis_->Still();
    EXPECT_TRUE(Await(context_, client_->Run(redis::Command("EXISTS", "count:{0}"))).ok());
    return still;
  }
  void RestartSecond() {
    second_redis_->Restart();
    bool back = false;
    for (int i = 0; i < 50 && !back; ++i) {
      back = Await(context_, second_client_->Run(redis::Command("PING"))).ok();
    }
    EXPECT_TRUE(back);
  }
  // As if every announcement were old.
  absl::Status Sweep() {
    // Announcements of one millisecond have different times: all but the first are ahead of it.
    absl::SleepFor(absl::Milliseconds(5));
    return Await(context_, second_->Sweep(absl::ZeroDuration())).status();
  }
  // Messages whose content is kept, after a sweep.
  int64_t Contents() {
    if (!second_) return KeyCount("content:*");
    EXPECT_TRUE(Sweep().ok());
    return KeyCount("content:*") + KeyCount("content:*", second_client_.get());
  }

  std::unique_ptr<QueueStore> NewStore(absl::Duration lease_time) {
    return NewStore({.lease_time = lease_time});
  }
  std::unique_ptr<QueueStore> NewStore(QueueStore::Options options) {
    options.second = second_.get();
    return std::make_unique<QueueStore>(partition_.get(), options);
  }

  static v1::NewMessage Message(int message_class, std::vector<std::string> recipients,
                                uint64_t account = 1) {
    v1::NewMessage message;
    message.set_message_id(NewMessageId(0));
    message.mutable_envelope()->set_account_id(account);
    message.mutable_envelope()->set_sender("ann@sender.example");
    for (const std::string& recipient : recipients) message.add_recipients(recipient);
    message.set_class_(message_class);
    message.set_content("Subject: hi\r\n\r\nbody\r\n");
    return message;
  }

  // Enqueues and gives back the id.
  std::string Enqueue(const v1::NewMessage& message) {
    auto storable = ToStorable(message, {});
    EXPECT_TRUE(storable.ok()) << storable.status();
    const absl::Status status = Await(context_, EnqueueOne(*std::move(storable)));
    EXPECT_TRUE(status.ok()) << status;
    return message.message_id();
  }
  std::string Enqueue(int message_class, std::vector<std::string> recipients,
                      uint64_t account = 1) {
    return Enqueue(Message(message_class, std::move(recipients), account));
  }
  Co<absl::Status> EnqueueOne(StorableMessage message) {
    std::vector<StorableMessage> batch;
    batch.push_back(std::move(message));
    const auto result = co_await store_->Enqueue(std::move(batch), std::nullopt);
    co_return result.status();
  }

  static QueueStore::Want Credits(int credits) { return {.worker = "w", .credits = credits}; }
  // What Redis is asked meanwhile, by scripts as well.
  int64_t CommandsOf(const std::function<void()>& step) {
    redis_->Raw("CONFIG RESETSTAT");
    step();
    const std::string info = redis_->Raw("INFO commandstats");
    int64_t calls = 0;
    for (size_t at = 0; (at = info.find("calls=", at)) != std::string::npos; ++at) {
      calls += std::stoll(info.substr(at + 6));
    }
    return calls;
  }
  QueueStore::LeaseResult Lease(QueueStore::Want want, bool sweep = false) {
    auto result = Await(context_, store_->Lease(want, sweep));
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }
  QueueStore::LeaseResult Lease(int credits = 100) { return Lease(Credits(credits)); }
  static std::vector<std::string> Ids(const QueueStore::LeaseResult& result) {
    std::vector<std::string> ids;
    for (const auto& delivery : result.deliveries) ids.push_back(delivery.delivery_id);
    return ids;
  }
  std::vector<std::string> LeaseIds(int credits = 100) { return Ids(Lease(credits)); }
  std::vector<std::string> Complete(const v1::Completion& completion) {
    auto storable = ToStorable(completion, {}, absl::Now());
    EXPECT_TRUE(storable.ok()) << storable.status();
    auto result = Await(context_, store_->Complete({*std::move(storable)}));
    EXPECT_TRUE(result.ok()) << result.status();
    return std::move(result->lost);
  }
  static v1::Completion Outcome(const QueueStore::Leased& leased, v1::OutcomeKind kind,
                                std::vector<std::string> recipients,
                                absl::Duration wait = absl::Hours(1)) {
    v1::Completion completion;
    completion.set_delivery_id(leased.delivery_id);
    completion.set_lease_id(leased.lease_id);
    completion.set_attempt(leased.attempts + 1);
    completion.mutable_retry_after()->set_seconds(absl::ToInt64Seconds(wait));
    for (const std::string& recipient : recipients) {
      v1::RecipientOutcome* outcome = completion.add_outcomes();
      outcome->set_recipient(recipient);
      outcome->set_kind(kind);
      outcome->mutable_reply()->set_code(kind == v1::OUTCOME_KIND_DELIVERED ? 250 : 451);
    }
    return completion;
  }

  void Hold(const std::string& scope) {
    EXPECT_TRUE(Await(context_,
                      admin_->SetHold(scope, {.since = absl::InfinitePast(), .why = "testing"}, ""))
                    .ok());
  }

  // Lets so many seconds pass on Redis's clock, which is this machine's.
  void Pass(const std::string& seconds) { second_redis_->Raw("BLPOP nothing " + seconds); }

  std::vector<events::v1::Event> Events() {
    return EventsOf(
        *Await(context_, client_->Run(redis::Command("XRANGE", "events:{0}", "-", "+"))));
  }
  std::vector<events::v1::EventType> EventTypes() {
    std::vector<events::v1::EventType> types;
    for (const events::v1::Event& event : Events()) types.push_back(event.type());
    return types;
  }
  int64_t KeyCount(const std::string& pattern) { return KeyCount(pattern, client_.get()); }
  int64_t KeyCount(const std::string& pattern, redis::Client* client) {
    const auto still = Still();
    redis::Command keys("KEYS", pattern);
    keys.RouteBy("{0}");
    return static_cast<int64_t>(Await(context_, client->Run(std::move(keys)))->array().size());
  }

  inline static std::unique_ptr<TestDeployment> redis_;
  inline static std::unique_ptr<redis::TestRedis> second_redis_;
  asio::io_context context_;
  std::unique_ptr<redis::Client> client_;
  std::unique_ptr<Partition> partition_;
  std::unique_ptr<AdminStore> admin_;
  std::unique_ptr<redis::Client> second_client_;
  std::unique_ptr<SecondStore> second_;  // null: content is in the main store
  std::unique_ptr<QueueStore> store_;
};

}  // namespace staffetta::queue
