#pragma once

// For tests of the remote backends: the services that they call, in this process.

#include <gtest/gtest.h>

#include <atomic>

#include "common/base/runtime.h"
#include "common/base/task_group.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/host.h"
#include "gateway/remote_backends.h"
#include "gateway/remote_queue.h"

namespace staffetta::gateway {

namespace auth_pb = staffetta::auth::v1;
namespace policy_pb = staffetta::policy::v1;
namespace queue_pb = staffetta::queue::v1;

inline constexpr char kKey[] = "the-key";
inline constexpr char kClient[] = "192.0.2.1";

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
  std::atomic<int> login_calls{0};
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
    ++login_calls;
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
  grpc::ServerUnaryReactor* PutContent(grpc::CallbackServerContext* context,
                                       const queue_pb::PutContentRequest* request,
                                       queue_pb::PutContentResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestQueue::DoPutContent);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  absl::Status status;
  queue_pb::PutContentRequest last_piece;
  std::atomic<queue_pb::Durability> durability{queue_pb::DURABILITY_SYNCED};
  std::string first_id;  // of the idempotency key; empty: none
  std::string refused_id = "none";
  bool demotes = false;
  queue_pb::NewMessage last;
  int calls = 0;

 private:
  Co<absl::Status> DoPutContent(const queue_pb::PutContentRequest* request,
                                queue_pb::PutContentResponse*) {
    last_piece = *request;
    co_return status;
  }
  Co<absl::Status> DoEnqueue(const queue_pb::EnqueueRequest* request,
                             queue_pb::EnqueueResponse* response) {
    last = request->messages(request->messages_size() - 1);
    ++calls;
    response->set_durability(durability);
    for (const queue_pb::NewMessage& message : request->messages()) {
      queue_pb::EnqueueResult* const result = response->add_results();
      result->set_message_id(first_id.empty() ? message.message_id() : first_id);
      result->set_demoted(demotes);
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

}  // namespace staffetta::gateway
