#include "gateway/remote_backends.h"
#include "gateway/remote_queue.h"

#include <gtest/gtest.h>

#include <atomic>

#include "common/base/runtime.h"
#include "common/base/task_group.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/host.h"

namespace staffetta::gateway {
namespace {

namespace auth_pb = staffetta::auth::v1;
namespace policy_pb = staffetta::policy::v1;
namespace queue_pb = staffetta::queue::v1;

constexpr char kKey[] = "the-key";
constexpr char kClient[] = "192.0.2.1";

class TestAuth final : public auth_pb::AuthService::CallbackService {
 public:
  explicit TestAuth(Executor executor)
      : dispatcher_(executor, kKey, "auth"), wake_(executor, Timer::time_point::max()) {}

  grpc::ServerUnaryReactor* Authenticate(grpc::CallbackServerContext* context,
                                         const auth_pb::AuthenticateRequest* request,
                                         auth_pb::AuthenticateResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestAuth::DoAuthenticate);
  }
  grpc::ServerUnaryReactor* GetScramParameters(
      grpc::CallbackServerContext* context, const auth_pb::GetScramParametersRequest* request,
      auth_pb::GetScramParametersResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestAuth::DoGetScramParameters);
  }
  grpc::ServerUnaryReactor* AuthenticateScram(
      grpc::CallbackServerContext* context, const auth_pb::AuthenticateScramRequest* request,
      auth_pb::AuthenticateScramResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestAuth::DoAuthenticateScram);
  }
  grpc::ServerUnaryReactor* AuthenticateToken(
      grpc::CallbackServerContext* context, const auth_pb::AuthenticateTokenRequest* request,
      auth_pb::AuthenticateTokenResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestAuth::DoAuthenticateToken);
  }
  grpc::ServerUnaryReactor* CountMessage(grpc::CallbackServerContext* context,
                                         const auth_pb::CountMessageRequest* request,
                                         auth_pb::CountMessageResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestAuth::DoCountMessage);
  }
  grpc::ServerUnaryReactor* IdentifyNetwork(grpc::CallbackServerContext* context,
                                            const auth_pb::IdentifyNetworkRequest* request,
                                            auth_pb::IdentifyNetworkResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestAuth::DoIdentifyNetwork);
  }
  grpc::ServerUnaryReactor* GetIdentity(grpc::CallbackServerContext* context,
                                        const auth_pb::GetIdentityRequest* request,
                                        auth_pb::GetIdentityResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestAuth::DoGetIdentity);
  }
  grpc::ServerWriteReactor<auth_pb::WatchUsersResponse>* WatchUsers(
      grpc::CallbackServerContext* context, const auth_pb::WatchUsersRequest* request) override {
    return dispatcher_.Stream(context, request, this, &TestAuth::DoWatchUsers);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  // On its thread.
  Co<void> Announce(std::string user) {
    announced_ = std::move(user);
    wake_.cancel();
    co_return;
  }

  std::atomic<auth_pb::AuthVerdict> verdict{auth_pb::AUTH_VERDICT_OK};
  std::atomic<int64_t> revision{1};
  std::atomic<int> network_calls{0};
  std::atomic<int> identity_calls{0};

 private:
  void Fill(auth_pb::Identity* identity) {
    identity->set_account_id(1);
    identity->set_list_id(2);
    identity->set_user("s1_0");
    identity->set_priority(4);
    identity->set_channel("shared");
    identity->set_revision(revision);
    identity->mutable_caps()->set_messages_per_hour(7);
    identity->mutable_caps()->set_message_size(int64_t{1} << 40);
  }
  Co<absl::Status> DoGetScramParameters(const auth_pb::GetScramParametersRequest* request,
                                        auth_pb::GetScramParametersResponse* response) {
    if (request->user() != "s1_0") co_return absl::OkStatus();
    response->set_salt("salt");
    response->set_iterations(4096);
    co_return absl::OkStatus();
  }
  Co<absl::Status> DoAuthenticateScram(const auth_pb::AuthenticateScramRequest* request,
                                       auth_pb::AuthenticateScramResponse* response) {
    if (request->client_address() != kClient) co_return absl::InternalError("wrong address");
    const bool right = request->user() == "s1_0" && request->auth_message() == "said" &&
                       request->proof() == "proof";
    response->set_verdict(right ? verdict.load() : auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS);
    response->set_server_signature("signature");
    response->mutable_delay()->set_nanos(250'000'000);
    if (response->verdict() == auth_pb::AUTH_VERDICT_OK) Fill(response->mutable_identity());
    co_return absl::OkStatus();
  }
  Co<absl::Status> DoAuthenticateToken(const auth_pb::AuthenticateTokenRequest* request,
                                       auth_pb::AuthenticateTokenResponse* response) {
    if (request->client_address() != kClient) co_return absl::InternalError("wrong address");
    const bool right = request->user().empty() && request->token() == "token";
    response->set_verdict(right ? verdict.load() : auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS);
    if (response->verdict() == auth_pb::AUTH_VERDICT_OK) Fill(response->mutable_identity());
    co_return absl::OkStatus();
  }
  Co<absl::Status> DoCountMessage(const auth_pb::CountMessageRequest* request,
                                  auth_pb::CountMessageResponse* response) {
    response->set_most(request->caps().messages_per_hour());
    response->set_window("hour");
    response->mutable_retry_after()->set_seconds(60);
    co_return absl::OkStatus();
  }
  Co<absl::Status> DoAuthenticate(const auth_pb::AuthenticateRequest* request,
                                  auth_pb::AuthenticateResponse* response) {
    if (request->client_address() != kClient) co_return absl::InternalError("wrong address");
    response->set_verdict(
        request->password() == "secret" ? verdict.load() : auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS);
    if (response->verdict() == auth_pb::AUTH_VERDICT_OK) Fill(response->mutable_identity());
    co_return absl::OkStatus();
  }
  Co<absl::Status> DoIdentifyNetwork(const auth_pb::IdentifyNetworkRequest*,
                                     auth_pb::IdentifyNetworkResponse* response) {
    ++network_calls;
    response->set_verdict(auth_pb::AUTH_VERDICT_NO_NETWORK);
    co_return absl::OkStatus();
  }
  Co<absl::Status> DoGetIdentity(const auth_pb::GetIdentityRequest*,
                                 auth_pb::GetIdentityResponse* response) {
    ++identity_calls;
    response->set_verdict(verdict);
    if (verdict == auth_pb::AUTH_VERDICT_OK) Fill(response->mutable_identity());
    co_return absl::OkStatus();
  }
  Co<absl::Status> DoWatchUsers(const auth_pb::WatchUsersRequest*,
                                rpc::Writer<auth_pb::WatchUsersResponse>* out) {
    bool written = co_await out->Write({});
    while (written && !out->cancelled()) {
      boost::system::error_code woken;
      co_await wake_.async_wait(asio::redirect_error(use_co, woken));
      if (announced_.empty()) break;  // the test wants the stream to end
      auth_pb::WatchUsersResponse message;
      message.add_users(std::exchange(announced_, ""));
      written = co_await out->Write(message);
    }
    co_return absl::OkStatus();
  }

  rpc::Dispatcher dispatcher_;
  Timer wake_;
  std::string announced_;
};

class TestPolicy final : public policy_pb::PolicyService::CallbackService {
 public:
  explicit TestPolicy(Executor executor) : dispatcher_(executor, kKey, "policy") {}
  grpc::ServerUnaryReactor* CheckSender(grpc::CallbackServerContext* context,
                                        const policy_pb::CheckSenderRequest* request,
                                        policy_pb::CheckSenderResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestPolicy::DoCheckSender);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  std::atomic<policy_pb::SenderVerdict> verdict{policy_pb::SENDER_VERDICT_OK};
  policy_pb::CheckSenderRequest last;

 private:
  Co<absl::Status> DoCheckSender(const policy_pb::CheckSenderRequest* request,
                                 policy_pb::CheckSenderResponse* response) {
    last = *request;
    response->set_verdict(verdict);
    if (verdict != policy_pb::SENDER_VERDICT_OK) {
      response->set_offending_address(request->addresses(0));
    }
    co_return absl::OkStatus();
  }
  rpc::Dispatcher dispatcher_;
};

class TestQueue final : public queue_pb::QueueService::CallbackService {
 public:
  explicit TestQueue(Executor executor) : dispatcher_(executor, kKey, "queue") {}
  grpc::ServerUnaryReactor* Enqueue(grpc::CallbackServerContext* context,
                                    const queue_pb::EnqueueRequest* request,
                                    queue_pb::EnqueueResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestQueue::DoEnqueue);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  absl::Status status;
  std::atomic<queue_pb::Durability> durability{queue_pb::DURABILITY_SYNCED};
  std::string first_id;  // of the idempotency key; empty: none
  std::string refused_id = "none";
  queue_pb::NewMessage last;
  int calls = 0;

 private:
  Co<absl::Status> DoEnqueue(const queue_pb::EnqueueRequest* request,
                             queue_pb::EnqueueResponse* response) {
    last = request->messages(request->messages_size() - 1);
    ++calls;
    response->set_durability(durability);
    for (const queue_pb::NewMessage& message : request->messages()) {
      queue_pb::EnqueueResult* const result = response->add_results();
      result->set_message_id(first_id.empty() ? message.message_id() : first_id);
      if (message.message_id() == refused_id) result->set_refusal("class: 9 is not 1…5");
    }
    co_return status;
  }
  rpc::Dispatcher dispatcher_;
};

template <class T>
Co<void> Store(Co<T> coroutine, std::optional<T>* result) {
  *result = co_await std::move(coroutine);
}

class RemoteBackendsTest : public testing::Test {
 protected:
  RemoteBackendsTest() {
    auto host = rpc::Host::Start("127.0.0.1:0", {&auth_, &policy_, &queue_});
    EXPECT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
    const auto peer = rpc::RemotePeer(host_->endpoint(), kKey, absl::Seconds(10));
    authenticator_ = std::make_unique<RemoteAuthenticator>(peer, absl::Seconds(30), &clock_);
    senders_ = std::make_unique<RemoteSenderPolicy>(peer, absl::Seconds(1), &clock_);
    enqueue_ = std::make_unique<RemoteMessageQueue>(runtime_, peer);
  }
  ~RemoteBackendsTest() override {
    runtime_.Block(StopWatching());
    runtime_.Block(enqueue_->Stop());
    runtime_.Block(auth_.Drain());
    runtime_.Block(policy_.Drain());
    runtime_.Block(queue_.Drain());
    host_->Shutdown(absl::Seconds(5));
  }

  template <class T>
  T Get(Co<T> coroutine) {
    std::optional<T> result;
    runtime_.Block(Store(std::move(coroutine), &result));
    return *std::move(result);
  }

  Co<void> StartWatching() {
    watching_ = std::make_unique<TaskGroup>(runtime_.executor(0), "watch");
    watching_->Spawn(authenticator_->Watch(runtime_.executor(0)));
    co_return;
  }
  Co<void> StopWatching() {
    authenticator_->StopWatching();
    if (watching_) co_await watching_->Wait();
  }
  // Messages "id0"… at the same time.
  Co<void> EnqueueTogether(std::vector<std::optional<absl::StatusOr<Queued>>>* results) {
    TaskGroup group(runtime_.executor(0), "messages");
    for (size_t i = 0; i < results->size(); ++i) {
      group.Spawn(Store(enqueue_->Enqueue({.id = absl::StrCat("id", i)}), &(*results)[i]));
    }
    co_await group.Wait();
  }
  // Waits until the number of changes has passed `count`.
  bool ChangesPass(uint64_t count) {
    for (int i = 0; i < 2000 && authenticator_->Changes() <= count; ++i) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    return authenticator_->Changes() > count;
  }

  const Runtime runtime_{1};
  FakeClock clock_;
  TestAuth auth_{runtime_.executor(0)};
  TestPolicy policy_{runtime_.executor(0)};
  TestQueue queue_{runtime_.executor(0)};
  std::unique_ptr<rpc::Host> host_;
  std::unique_ptr<RemoteAuthenticator> authenticator_;
  std::unique_ptr<RemoteSenderPolicy> senders_;
  std::unique_ptr<RemoteMessageQueue> enqueue_;
  std::unique_ptr<TaskGroup> watching_;
};

TEST_F(RemoteBackendsTest, RightPassword_GivesTheIdentity) {
  const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->verdict, AuthVerdict::kOk);
  const Identity expected{.account_id = 1,
                          .list_id = 2,
                          .user = "s1_0",
                          .priority = 4,
                          .channel = "shared",
                          .revision = 1,
                          .caps = {.messages_per_hour = 7, .message_size = int64_t{1} << 40}};
  EXPECT_EQ(answer->identity, expected);
}

// SPEC S3
TEST_F(RemoteBackendsTest, ScramAndTokens_GiveIdentitySignatureAndDelay) {
  const auto parameters = Get(authenticator_->GetScramParameters("s1_0"));
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(parameters->salt, "salt");
  EXPECT_EQ(parameters->iterations, 4096);
  EXPECT_FALSE(Get(authenticator_->GetScramParameters("s1_1")).ok()) << "an answer without a salt";
  const auto proven = Get(authenticator_->AuthenticateScram("s1_0", "said", "proof", kClient));
  ASSERT_TRUE(proven.ok()) << proven.status();
  EXPECT_EQ(proven->verdict, AuthVerdict::kOk);
  EXPECT_EQ(proven->identity.user, "s1_0");
  EXPECT_EQ(proven->server_signature, "signature");
  EXPECT_EQ(proven->delay, absl::Milliseconds(250));
  const auto shown = Get(authenticator_->AuthenticateToken("", "token", kClient));
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->verdict, AuthVerdict::kOk);
}

// SPEC U10
TEST_F(RemoteBackendsTest, MessageOverACap_SaysSo) {
  const auto allowance = Get(authenticator_->CountMessage({.caps = {.messages_per_hour = 7}}));
  ASSERT_TRUE(allowance.ok()) << allowance.status();
  EXPECT_EQ(allowance->most, 7);
  EXPECT_EQ(allowance->window, "hour");
  EXPECT_EQ(allowance->retry_after, absl::Minutes(1));
}

// SPEC S3
TEST_F(RemoteBackendsTest, EveryVerdict_IsTranslated) {
  const struct {
    auth_pb::AuthVerdict from;
    AuthVerdict to;
  } kRows[] = {
      {auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS, AuthVerdict::kWrongCredentials},
      {auth_pb::AUTH_VERDICT_INACTIVE, AuthVerdict::kInactive},
      {auth_pb::AUTH_VERDICT_BLOCKED, AuthVerdict::kBlocked},
      {auth_pb::AUTH_VERDICT_NO_NETWORK, AuthVerdict::kNoNetwork},
      {auth_pb::AUTH_VERDICT_TOO_MANY_FAILURES, AuthVerdict::kTooManyFailures},
  };
  for (const auto& row : kRows) {
    auth_.verdict = row.from;
    const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->verdict, row.to);
  }
}

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

TEST_F(RemoteBackendsTest, UnknownNetwork_IsRememberedForAWhile) {
  for (int i = 0; i < 3; ++i) {
    const auto answer = Get(authenticator_->IdentifyNetwork(kClient));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->verdict, AuthVerdict::kNoNetwork);
  }
  EXPECT_EQ(auth_.network_calls, 1);
  clock_.Advance(absl::Seconds(31));
  EXPECT_TRUE(Get(authenticator_->IdentifyNetwork(kClient)).ok());
  EXPECT_EQ(auth_.network_calls, 2);
}

// SPEC U4
TEST_F(RemoteBackendsTest, ChangeOfUser_EndsItsIdentity) {
  runtime_.Block(StartWatching());
  ASSERT_TRUE(ChangesPass(0)) << "the stream begins";
  const uint64_t since = authenticator_->Changes();
  const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(Get(authenticator_->IdentifyNetwork(kClient)).ok());

  auth_.revision = 2;
  runtime_.Block(auth_.Announce("s1_9"));
  ASSERT_TRUE(ChangesPass(since));
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), true);
  EXPECT_EQ(auth_.identity_calls, 0) << "another user's change costs no call";

  const uint64_t before = authenticator_->Changes();
  runtime_.Block(auth_.Announce("s1_0"));
  ASSERT_TRUE(ChangesPass(before));
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), false);
  EXPECT_TRUE(Get(authenticator_->IdentifyNetwork(kClient)).ok());
  EXPECT_EQ(auth_.network_calls, 2) << "networks are forgotten on a change";
}

// SPEC U4
TEST_F(RemoteBackendsTest, EndOfTheStream_MakesEverybodyAskAgain) {
  runtime_.Block(StartWatching());
  ASSERT_TRUE(ChangesPass(0));
  const uint64_t since = authenticator_->Changes();
  const auto answer = Get(authenticator_->Authenticate("s1_0", "secret", kClient));
  ASSERT_TRUE(answer.ok());
  runtime_.Block(auth_.Announce(""));
  ASSERT_TRUE(ChangesPass(since)) << "the end";
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), true);
  EXPECT_EQ(auth_.identity_calls, 1);
  EXPECT_TRUE(ChangesPass(since + 1)) << "a new beginning";
  auth_.verdict = auth_pb::AUTH_VERDICT_INACTIVE;
  EXPECT_EQ(*Get(authenticator_->StillValid(answer->identity, since)), false);
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

TEST_F(RemoteBackendsTest, QueueThatCannot_IsAnError) {
  queue_.status = absl::UnavailableError("Redis");
  EXPECT_TRUE(absl::IsUnavailable(Get(enqueue_->Enqueue({})).status()));
}

}  // namespace
}  // namespace staffetta::gateway
