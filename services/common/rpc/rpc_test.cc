#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/base/runtime.h"
#include "common/base/task_group.h"
#include "common/rpc/client.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/host.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"

namespace staffetta::rpc {
namespace {

namespace pb = ::staffetta::auth::v1;

constexpr char kKey[] = "the-key";
// The service lives on another loop than its callers.
constexpr size_t kServiceLoop = 1;

// Answers, fails, throws and waits, by the name that it is asked for.
class TestService final : public pb::AuthService::CallbackService {
 public:
  explicit TestService(Executor executor)
      : executor_(executor), dispatcher_(executor, kKey, "test") {}

  grpc::ServerUnaryReactor* GetUser(grpc::CallbackServerContext* context,
                                    const pb::GetUserRequest* request,
                                    pb::GetUserResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &TestService::DoGetUser,
                             &TestService::TakeBack);
  }

  grpc::ServerWriteReactor<pb::WatchUsersResponse>* WatchUsers(
      grpc::CallbackServerContext* context, const pb::WatchUsersRequest* request) override {
    return dispatcher_.Stream(context, request, this, &TestService::DoWatchUsers);
  }

  void Offer(DirectMethods* direct) {
    direct->Add(&dispatcher_, this, &TestService::DoGetUser, &TestService::TakeBack);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  std::atomic<int> handled{0};
  std::atomic<int> cancelled{0};
  std::vector<std::string> taken_back;  // of the service's thread

 private:
  Co<absl::Status> DoGetUser(const pb::GetUserRequest* request, pb::GetUserResponse* response) {
    EXPECT_TRUE(executor_.running_in_this_thread());
    ++handled;
    if (request->user() == "missing") co_return absl::NotFoundError("no user missing");
    if (request->user() == "throw") throw std::runtime_error("secret detail");
    if (request->user() == "wait") {
      Timer timer(executor_, std::chrono::hours(1));
      boost::system::error_code error;
      co_await timer.async_wait(asio::redirect_error(use_co, error));
      ++cancelled;
    }
    response->mutable_user()->set_user(request->user());
    co_return absl::OkStatus();
  }

  Co<void> TakeBack(pb::GetUserResponse response) {
    EXPECT_TRUE(executor_.running_in_this_thread());
    taken_back.push_back(response.user().user());
    co_return;
  }

  Co<absl::Status> DoWatchUsers(const pb::WatchUsersRequest*, Writer<pb::WatchUsersResponse>* out) {
    for (int i = 0; i < 3; ++i) {
      pb::WatchUsersResponse message;
      message.add_users(std::to_string(i));
      const bool written = co_await out->Write(message);
      if (!written) co_return absl::CancelledError();
    }
    co_return absl::OkStatus();
  }

  const Executor executor_;
  Dispatcher dispatcher_;
};

using TestClient = Client<pb::AuthService>;

class RpcTest : public testing::Test {
 protected:
  RpcTest() {
    auto host = Host::Start("127.0.0.1:0", {&service_});
    EXPECT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
  }
  ~RpcTest() override {
    runtime_.Block(service_.Drain(), kServiceLoop);
    host_->Shutdown(absl::Seconds(5));
  }

  static Co<void> GetUser(std::shared_ptr<const Peer> peer, std::string name,
                          absl::StatusOr<pb::GetUserResponse>* result,
                          absl::Duration timeout = absl::Seconds(10)) {
    const TestClient client(peer);
    pb::GetUserRequest request;
    request.set_user(name);
    *result = co_await client.Call(&TestClient::Async::GetUser, request, timeout);
  }

  static Co<void> Nothing() { co_return; }

  Co<void> UntilHandled(int calls = 1) {
    Timer pause(co_await asio::this_coro::executor);
    while (service_.handled < calls) {
      pause.expires_after(std::chrono::milliseconds(1));
      co_await pause.async_wait(use_co);
    }
  }
  Co<void> CallAndCancel(std::shared_ptr<const Peer> peer) {
    TaskGroup group(co_await asio::this_coro::executor, "test");
    const int handled = service_.handled;
    group.Spawn(GetUser(peer, "wait", &result_));
    co_await UntilHandled(handled + 1);
    group.Cancel();
    co_await group.Wait();
  }

  std::shared_ptr<const Peer> Local(const std::string& key = kKey) {
    return LocalPeer(host_->InProcessChannel(), key, absl::Seconds(10));
  }
  std::shared_ptr<const Peer> Remote(const std::string& key = kKey) {
    return RemotePeer(host_->endpoint(), key, absl::Seconds(10));
  }

  // A way with methods, and a channel that leads nowhere.
  std::shared_ptr<const Peer> Direct() {
    service_.Offer(&direct_);
    return LocalPeer(RemotePeer("127.0.0.1:1", "", absl::Seconds(1))->channel, "",
                     absl::Seconds(10), &direct_);
  }

  Runtime runtime_{2};
  DirectMethods direct_;
  TestService service_{runtime_.executor(kServiceLoop)};
  std::unique_ptr<Host> host_;
  absl::StatusOr<pb::GetUserResponse> result_ = absl::UnknownError("never set");
};

TEST_F(RpcTest, Call_AnswersInProcessAndOverTheNetwork) {
  for (const auto& peer : {Local(), Remote(), Direct()}) {
    runtime_.Block(GetUser(peer, "s1_0", &result_));
    ASSERT_TRUE(result_.ok()) << result_.status();
    EXPECT_EQ(result_->user().user(), "s1_0");
  }
}

TEST_F(RpcTest, Error_KeepsCodeAndText) {
  for (const auto& peer : {Local(), Direct()}) {
    runtime_.Block(GetUser(peer, "missing", &result_));
    EXPECT_EQ(result_.status(), absl::NotFoundError("no user missing"));
  }
}

TEST_F(RpcTest, WrongOrMissingKey_IsUnauthenticatedAndNeverHandled) {
  for (const auto& peer : {Local("other"), Remote("")}) {
    runtime_.Block(GetUser(peer, "s1_0", &result_));
    EXPECT_EQ(result_.status().code(), absl::StatusCode::kUnauthenticated);
  }
  EXPECT_EQ(service_.handled, 0);
}

TEST_F(RpcTest, Exception_BecomesInternalWithoutItsText) {
  for (const auto& peer : {Local(), Direct()}) {
    runtime_.Block(GetUser(peer, "throw", &result_));
    EXPECT_EQ(result_.status().code(), absl::StatusCode::kInternal);
    EXPECT_EQ(result_.status().message().find("secret"), std::string::npos);
  }
}

TEST_F(RpcTest, Deadline_EndsTheCallAndCancelsTheHandler) {
  // On a busy machine a call may be over before it arrives.
  for (absl::Duration timeout = absl::Milliseconds(100); service_.handled == 0; timeout *= 2) {
    runtime_.Block(GetUser(Remote(), "wait", &result_, timeout));
    ASSERT_EQ(result_.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  runtime_.Block(service_.Drain(), kServiceLoop);
  EXPECT_EQ(service_.cancelled, service_.handled.load());
}

TEST_F(RpcTest, CancelledCaller_ResumesAtOnceAndTheAnswerIsTakenBack) {
  for (const auto& peer : {Local(), Remote(), Direct()}) {
    runtime_.Block(GetUser(peer, "heard", &result_));
    ASSERT_TRUE(result_.ok()) << result_.status();
    runtime_.Block(CallAndCancel(peer));
    ASSERT_EQ(result_.status().code(), absl::StatusCode::kCancelled);
  }
  while (service_.cancelled < 3) runtime_.Block(Nothing(), kServiceLoop);
  runtime_.Block(service_.Drain(), kServiceLoop);
  EXPECT_EQ(service_.taken_back, std::vector<std::string>(3, "wait"));
}

TEST_F(RpcTest, DirectDeadline_EndsTheCallAndCancelsTheHandler) {
  runtime_.Block(GetUser(Direct(), "wait", &result_, absl::Milliseconds(20)));
  ASSERT_EQ(result_.status().code(), absl::StatusCode::kDeadlineExceeded);
  ASSERT_EQ(service_.handled, 1);
  runtime_.Block(service_.Drain(), kServiceLoop);
  EXPECT_EQ(service_.cancelled, 1);
  EXPECT_EQ(service_.taken_back, std::vector<std::string>{"wait"});
}

TEST_F(RpcTest, DirectCallToAServiceThatDrains_IsCancelledThere) {
  std::thread caller([this] { runtime_.Block(GetUser(Direct(), "wait", &result_)); });
  runtime_.Block(UntilHandled());
  runtime_.Block(service_.Drain(), kServiceLoop);
  caller.join();
  EXPECT_EQ(result_.status(), absl::OkStatus());
  EXPECT_EQ(service_.cancelled, 1);
}

TEST_F(RpcTest, DownPeer_IsUnavailable) {
  runtime_.Block(GetUser(RemotePeer("127.0.0.1:1", kKey, absl::Seconds(5)), "x", &result_));
  EXPECT_EQ(result_.status().code(), absl::StatusCode::kUnavailable);
}

Co<void> ReadAll(std::shared_ptr<const Peer> peer, std::vector<std::string>* users,
                 absl::Status* end) {
  const TestClient client(peer);
  auto reader = client.Read(co_await asio::this_coro::executor, &TestClient::Async::WatchUsers,
                            pb::WatchUsersRequest());
  while (true) {
    auto message = co_await reader.Next();
    if (!message.ok()) {
      *end = message.status();
      co_return;
    }
    users->push_back(message->users(0));
  }
}

TEST_F(RpcTest, Stream_ArrivesInOrderAndEnds) {
  for (const auto& peer : {Local(), Remote()}) {
    std::vector<std::string> users;
    absl::Status end;
    runtime_.Block(ReadAll(peer, &users, &end));
    EXPECT_EQ(users, (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
  }
}

TEST_F(RpcTest, StreamWithoutKey_IsUnauthenticated) {
  std::vector<std::string> users;
  absl::Status end;
  runtime_.Block(ReadAll(Local("no"), &users, &end));
  EXPECT_EQ(end.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(users.empty());
}

}  // namespace
}  // namespace staffetta::rpc
