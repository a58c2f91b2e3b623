#include "gateway/remote_fixture.h"

namespace staffetta::gateway {
namespace {

TEST_F(RemoteBackendsTest, UnforeseenVerdict_IsAnError) {
  auth_.verdict = static_cast<auth_pb::AuthVerdict>(77);
  EXPECT_FALSE(Get(authenticator_->Authenticate("s1_0", "secret", kClient)).ok());
  auth_.verdict = auth_pb::AUTH_VERDICT_UNSPECIFIED;
  EXPECT_FALSE(Get(authenticator_->Authenticate("s1_0", "secret", kClient)).ok());
  policy_.verdict = policy_pb::SENDER_VERDICT_UNSPECIFIED;
  EXPECT_FALSE(Get(senders_->Check({}, {"a@b.example"}, kClient, "")).ok());
  queue_.durability = queue_pb::DURABILITY_UNSPECIFIED;
  EXPECT_FALSE(Get(enqueue_->Enqueue({})).ok());
}

TEST_F(RemoteBackendsTest, AllowedSender_IsRememberedForASecondAndARefusedOneNever) {
  const Identity identity{.account_id = 1, .user = "s1_0", .revision = 1};
  const auto verdict = [&](const char* address, Identity who) {
    return Get(senders_->Check(who, {address}, kClient, ""))->verdict;
  };
  EXPECT_EQ(verdict("a@b.example", identity), SenderVerdict::kOk);
  policy_.verdict = policy_pb::SENDER_VERDICT_NOT_VERIFIED;
  EXPECT_EQ(verdict("a@b.example", identity), SenderVerdict::kOk) << "a second has not passed";
  EXPECT_EQ(verdict("other@b.example", identity), SenderVerdict::kNotVerified);
  Identity changed = identity;
  changed.revision = 2;
  EXPECT_EQ(verdict("a@b.example", changed), SenderVerdict::kNotVerified);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(verdict("a@b.example", identity), SenderVerdict::kNotVerified);
  policy_.verdict = policy_pb::SENDER_VERDICT_OK;
  EXPECT_EQ(verdict("other@b.example", identity), SenderVerdict::kOk) << "refusals are not kept";
}

TEST_F(RemoteBackendsTest, SenderVerdict_NamesTheAddress) {
  const Identity identity{.account_id = 7, .user = "s7_0"};
  policy_.verdict = policy_pb::SENDER_VERDICT_NOT_VERIFIED;
  const auto answer = Get(senders_->Check(identity, {"a@b.example", "c@d.example"}, kClient, "hi"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->verdict, SenderVerdict::kNotVerified);
  EXPECT_EQ(answer->offending_address, "a@b.example");
  EXPECT_EQ(policy_.last.account_id(), 7U);
  EXPECT_EQ(policy_.last.user(), "s7_0");
  EXPECT_EQ(policy_.last.addresses_size(), 2);
  EXPECT_EQ(policy_.last.client_address(), kClient);
  EXPECT_EQ(policy_.last.subject(), "hi");
}

// SPEC S9
TEST_F(RemoteBackendsTest, Message_ArrivesWhole) {
  Message message{.id = "the-id",
                  .identity = {.account_id = 1, .list_id = 2, .user = "s1_0", .channel = "sandbox"},
                  .sender = "ann@example.com",
                  .recipients = {"a@b.example", "c@d.example"},
                  .priority = 2,
                  .content = std::string("X: y\r\n\r\n\0\xff\r\n", 12),
                  .subject = "hello",
                  .client_address = kClient,
                  .eight_bit = true};
  const std::string content = message.content;
  const auto queued = Get(enqueue_->Enqueue(std::move(message)));
  ASSERT_TRUE(queued.ok()) << queued.status();
  EXPECT_EQ(queued->durability, Durability::kSynced);
  EXPECT_EQ(queued->id, "the-id");
  EXPECT_FALSE(queued->demoted);
  EXPECT_EQ(queue_.last.message_id(), "the-id");
  EXPECT_EQ(queue_.last.envelope().account_id(), 1U);
  EXPECT_EQ(queue_.last.envelope().list_id(), 2U);
  EXPECT_EQ(queue_.last.envelope().user(), "s1_0");
  EXPECT_EQ(queue_.last.envelope().sender(), "ann@example.com");
  EXPECT_EQ(queue_.last.envelope().channel(), "sandbox");
  EXPECT_EQ(queue_.last.envelope().subject(), "hello");
  EXPECT_EQ(queue_.last.envelope().client_address(), kClient);
  EXPECT_TRUE(queue_.last.envelope().eight_bit());
  EXPECT_EQ(queue_.last.recipients_size(), 2);
  EXPECT_EQ(queue_.last.class_(), 2);
  EXPECT_EQ(queue_.last.content(), content);
  EXPECT_FALSE(queue_.last.envelope().has_controls());
  EXPECT_FALSE(queue_.last.has_schedule_time());
  EXPECT_EQ(queue_.last.idempotency_key(), "");
}

// SPEC X1
TEST_F(RemoteBackendsTest, WhatAMessageAsksFor_TravelsWithIt) {
  Message message{.id = "the-id",
                  .controls = {.campaign_name = "Spring",
                               .campaign_code = "1001",
                               .click_tracking = false,
                               .header = true,
                               .campaign_report = "true"},
                  .schedule = absl::FromUnixSeconds(1'800'000'000)};
  ASSERT_TRUE(Get(enqueue_->Enqueue(std::move(message))).ok());
  const mail::v1::Envelope& envelope = queue_.last.envelope();
  EXPECT_EQ(envelope.campaign_name(), "Spring");
  EXPECT_EQ(envelope.campaign_code(), "1001");
  EXPECT_TRUE(envelope.controls().has_click_tracking());
  EXPECT_FALSE(envelope.controls().click_tracking());
  EXPECT_FALSE(envelope.controls().has_view_tracking());
  EXPECT_TRUE(envelope.controls().header());
  EXPECT_FALSE(envelope.controls().has_footer());
  EXPECT_EQ(envelope.controls().campaign_report(), "true");
  EXPECT_EQ(queue_.last.schedule_time().seconds(), 1'800'000'000);
}

// SPEC S4
TEST_F(RemoteBackendsTest, WhatIsAskedOfEveryHost_TravelsWithIt) {
  Message message{
      .id = "the-id", .recipients = {"a@b.example", "c@d.example"}, .utf8 = true, .binary = true};
  message.demands = {.ret = smtp::Ret::kHeaders,
                     .envelope_id = "QQ+1",
                     .notices = {{.recipient = "c@d.example",
                                  .notify = {.success = true, .delay = true},
                                  .original_recipient = "rfc822;x@y.example"}},
                     .deliver_by = absl::FromUnixMillis(1'800'000'000'250),
                     .return_late = true,
                     .trace = true,
                     .require_tls = true,
                     .mt_priority = -4};
  message.schedule = absl::FromUnixMillis(1'700'000'000'001);
  message.lifetime = absl::Seconds(120);
  ASSERT_TRUE(Get(enqueue_->Enqueue(std::move(message))).ok());
  const mail::v1::Envelope& envelope = queue_.last.envelope();
  EXPECT_TRUE(envelope.utf8());
  EXPECT_TRUE(envelope.binary());
  const mail::v1::Demands& demands = envelope.demands();
  EXPECT_EQ(demands.ret(), mail::v1::RET_HEADERS);
  EXPECT_EQ(demands.envelope_id(), "QQ+1");
  ASSERT_EQ(demands.notices_size(), 1);
  EXPECT_EQ(demands.notices(0).recipient(), "c@d.example");
  EXPECT_FALSE(demands.notices(0).never());
  EXPECT_TRUE(demands.notices(0).success());
  EXPECT_FALSE(demands.notices(0).failure());
  EXPECT_TRUE(demands.notices(0).delay());
  EXPECT_EQ(demands.notices(0).original_recipient(), "rfc822;x@y.example");
  EXPECT_EQ(demands.deliver_by().seconds(), 1'800'000'000);
  EXPECT_EQ(demands.deliver_by().nanos(), 250'000'000);
  EXPECT_TRUE(demands.return_late());
  EXPECT_TRUE(demands.trace());
  EXPECT_TRUE(demands.require_tls());
  EXPECT_EQ(demands.mt_priority(), -4);
  EXPECT_EQ(queue_.last.schedule_time().seconds(), 1'700'000'001) << "never earlier";
  EXPECT_EQ(queue_.last.lifetime().seconds(), 120);
}

TEST_F(RemoteBackendsTest, MessageThatAsksForNothing_CarriesNoDemands) {
  ASSERT_TRUE(Get(enqueue_->Enqueue({.id = "the-id"})).ok());
  EXPECT_FALSE(queue_.last.envelope().has_demands());
  EXPECT_FALSE(queue_.last.has_lifetime());
}

// SPEC S11
TEST_F(RemoteBackendsTest, RepeatedSubmission_HasTheIdOfTheFirst) {
  queue_.first_id = "the-first-id";
  const auto queued = Get(enqueue_->Enqueue({.id = "the-id", .idempotency_key = "key"}));
  ASSERT_TRUE(queued.ok()) << queued.status();
  EXPECT_EQ(queued->id, "the-first-id");
  EXPECT_EQ(queue_.last.idempotency_key(), "key");
}

// SPEC P4
TEST_F(RemoteBackendsTest, MessageBeyondItsBudget_IsDemoted) {
  queue_.demotes = true;
  const auto queued = Get(enqueue_->Enqueue({.id = "the-id", .priority = 1}));
  ASSERT_TRUE(queued.ok()) << queued.status();
  EXPECT_TRUE(queued->demoted);
}

TEST_F(RemoteBackendsTest, MessagesThatComeTogether_ShareCallsAndHaveTheirOwnResults) {
  constexpr int kMessages = 20;
  queue_.refused_id = "id7";
  std::vector<std::optional<absl::StatusOr<Queued>>> results(kMessages);
  runtime_.Block(EnqueueTogether(&results));
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_TRUE(results[i]);
    if (i == 7) {
      EXPECT_EQ((*results[i]).status().message(), "class: 9 is not 1…5");
    } else {
      ASSERT_TRUE((*results[i]).ok()) << (*results[i]).status();
      EXPECT_EQ((**results[i]).id, absl::StrCat("id", i));
    }
  }
  EXPECT_EQ(queue_.calls, 1);
}

TEST_F(RemoteBackendsTest, LargeMessage_GoesAlone) {
  Message large{.id = "large", .content = std::string(100 << 10, 'x')};
  const auto queued = Get(enqueue_->Enqueue(std::move(large)));
  ASSERT_TRUE(queued.ok()) << queued.status();
  EXPECT_EQ(queue_.last.content().size(), 100U << 10);
}

// SPEC Q8
TEST_F(RemoteBackendsTest, ContentInPieces_IsNamedByItsMessage) {
  ASSERT_TRUE(Get(enqueue_->PutContent("the-id", 7, "octets")).ok());
  EXPECT_EQ(queue_.last_piece.message_id(), "the-id");
  EXPECT_EQ(queue_.last_piece.piece(), 7);
  EXPECT_EQ(queue_.last_piece.content(), "octets");
  ASSERT_TRUE(
      Get(enqueue_->Enqueue(
              {.id = "the-id", .content_pieces = 8, .content_size = 9, .utf8_header = true}))
          .ok());
  EXPECT_EQ(queue_.last.content_pieces(), 8);
  EXPECT_EQ(queue_.last.content_size(), 9);
  EXPECT_EQ(queue_.last.content(), "");
  EXPECT_TRUE(queue_.last.envelope().utf8_header());
  queue_.status = absl::UnavailableError("Redis is away");
  EXPECT_TRUE(absl::IsUnavailable(Get(enqueue_->PutContent("the-id", 8, "x"))));
}

TEST_F(RemoteBackendsTest, QueueThatCannot_IsAnError) {
  queue_.status = absl::UnavailableError("Redis");
  EXPECT_TRUE(absl::IsUnavailable(Get(enqueue_->Enqueue({})).status()));
}

}  // namespace
}  // namespace staffetta::gateway
