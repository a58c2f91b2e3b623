// The queue as its callers see it: over gRPC, with a real Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "common/base/ids.h"
#include "common/base/runtime.h"
#include "common/redis/test_redis.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "queue/serve.h"

namespace staffetta::queue {
namespace {

using testing::HasSubstr;
using QueueClient = rpc::Client<v1::QueueService>;

// The service in this process.
class QueueServer {
 public:
  QueueServer(const redis::TestRedis& redis, Server::Options options) {
    server_ =
        std::make_unique<Server>(runtime_.executor(0), std::move(options), redis.options(), "key");
    host_ = *rpc::Host::Start("127.0.0.1:0", server_->grpc_services());
    peer_ = rpc::LocalPeer(host_->InProcessChannel(), "key", absl::Seconds(10));
    client_ = std::make_unique<QueueClient>(peer_);
    runtime_.Block(Start());
  }
  ~QueueServer() {
    runtime_.Block(server_->Stop());
    host_->Shutdown(absl::Seconds(5));
  }

  // A unary call from the test's thread.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(
      void (QueueClient::Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                         std::function<void(grpc::Status)>),
      Request request, absl::Duration timeout = absl::Seconds(10)) {
    absl::StatusOr<Response> result = absl::UnknownError("never set");
    runtime_.Block(CallInto(method, std::move(request), timeout, &result));
    return result;
  }
  template <class Method, class Request, class Response>
  Co<void> CallInto(Method method, Request request, absl::Duration timeout,
                    absl::StatusOr<Response>* result) {
    *result = co_await client_->Call(method, std::move(request), timeout);
  }

  static v1::NewMessage SomeMessage(int message_class = 3) {
    v1::NewMessage message;
    message.set_message_id(NewMessageId(0));
    message.add_recipients("bob@x.example");
    message.set_class_(message_class);
    message.set_content("Subject: hi\r\n\r\nbody\r\n");
    return message;
  }
  absl::StatusOr<v1::EnqueueResponse> Enqueue(int message_class = 3) {
    v1::EnqueueRequest request;
    *request.add_messages() = SomeMessage(message_class);
    return Call(&QueueClient::Async::Enqueue, request);
  }
  absl::StatusOr<v1::LeaseResponse> Lease(absl::Duration wait,
                                          absl::Duration timeout = absl::Seconds(10)) {
    v1::LeaseRequest request;
    request.set_credits(10);
    request.mutable_wait()->set_seconds(absl::ToInt64Seconds(wait));
    return Call(&QueueClient::Async::Lease, request, timeout);
  }

  absl::StatusOr<v1::GetContentResponse> GetContent(const std::string& message_id) {
    v1::GetContentRequest request;
    request.set_message_id(message_id);
    return Call(&QueueClient::Async::GetContent, request);
  }

 private:
  Co<void> Start() {
    const absl::Status started = co_await server_->Start();
    EXPECT_TRUE(started.ok()) << started;
  }

  Runtime runtime_{2};
  std::unique_ptr<Server> server_;
  std::unique_ptr<rpc::Host> host_;
  std::shared_ptr<const rpc::Peer> peer_;
  std::unique_ptr<QueueClient> client_;
};

struct WithRedis {
  redis::TestRedis redis_{redis::EmbeddedRedis::Fsync::kAlways};
};

class QueueServiceTest : public testing::Test, protected WithRedis, protected QueueServer {
 protected:
  QueueServiceTest() : QueueServer(redis_, {}) {}
};

TEST_F(QueueServiceTest, Message_GoesInAndComesOutWhole) {
  const auto enqueued = Enqueue();
  ASSERT_TRUE(enqueued.ok()) << enqueued.status();
  EXPECT_EQ(enqueued->durability(), v1::DURABILITY_SYNCED);
  const auto leased = Lease(absl::Seconds(5));
  ASSERT_TRUE(leased.ok()) << leased.status();
  ASSERT_EQ(leased->deliveries_size(), 1);
  EXPECT_EQ(leased->deliveries(0).content(), "Subject: hi\r\n\r\nbody\r\n");
  EXPECT_EQ(leased->deliveries(0).destination(), "x.example");
  EXPECT_FALSE(leased->deliveries(0).expired());
  EXPECT_EQ(leased->lease_time().seconds(), 15);
}

TEST_F(QueueServiceTest, WaitingWorker_GetsWhatIsEnqueuedLater) {
  absl::StatusOr<v1::LeaseResponse> leased = absl::UnknownError("never set");
  std::thread worker([&] { leased = Lease(absl::Seconds(30)); });
  ASSERT_TRUE(Enqueue().ok());
  worker.join();
  ASSERT_TRUE(leased.ok()) << leased.status();
  EXPECT_EQ(leased->deliveries_size(), 1);
}

// A worker that is full but for class 1 must not stand in the way of one that has room.
TEST_F(QueueServiceTest, ExpressLine_DoesNotHoldUpTheOthers) {
  std::thread express([&] {
    v1::LeaseRequest request;
    request.set_express_credits(10);
    request.mutable_wait()->set_seconds(3);
    const auto leased = Call(&QueueClient::Async::Lease, request);
    EXPECT_TRUE(leased.ok()) << leased.status();
    EXPECT_EQ(leased->deliveries_size(), 0);
  });
  ASSERT_TRUE(Enqueue(5).ok());
  const auto leased = Lease(absl::Seconds(2));
  express.join();
  ASSERT_TRUE(leased.ok()) << leased.status();
  EXPECT_EQ(leased->deliveries_size(), 1);
}

TEST_F(QueueServiceTest, WaitThatIsOver_GivesAnEmptyAnswer) {
  const auto leased = Lease(absl::ZeroDuration());
  ASSERT_TRUE(leased.ok()) << leased.status();
  EXPECT_EQ(leased->deliveries_size(), 0);
}

// SPEC Q2: a worker that went away while it waited holds nothing.
TEST_F(QueueServiceTest, WorkerThatGaveUp_TakesNothingAlong) {
  EXPECT_EQ(Lease(absl::Seconds(30), absl::Milliseconds(50)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(Enqueue().ok());
  const auto leased = Lease(absl::Seconds(5));
  ASSERT_TRUE(leased.ok()) << leased.status();
  EXPECT_EQ(leased->deliveries_size(), 1);
}

// SPEC Q2: nor does one that went away while Redis was asked for it.
TEST_F(QueueServiceTest, WorkerThatGaveUpWhileItWasServed_TakesNothingAlong) {
  ASSERT_TRUE(Enqueue().ok());
  redis_.Raw("CLIENT PAUSE 500 ALL");
  EXPECT_EQ(Lease(absl::Seconds(30), absl::Milliseconds(200)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  const auto leased = Lease(absl::Seconds(5));
  ASSERT_TRUE(leased.ok()) << leased.status();
  EXPECT_EQ(leased->deliveries_size(), 1);
}

TEST_F(QueueServiceTest, BadRequests_AreNamed) {
  v1::LeaseRequest no_credits;
  EXPECT_THAT(Call(&QueueClient::Async::Lease, no_credits).status().ToString(),
              HasSubstr("credits: there is none"));
  EXPECT_EQ(Call(&QueueClient::Async::Enqueue, v1::EnqueueRequest()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(QueueServiceTest, BadMessage_IsRefusedAloneAndTheOthersAreQueued) {
  v1::EnqueueRequest request;
  for (const int message_class : {3, 9, 1}) *request.add_messages() = SomeMessage(message_class);
  request.add_messages()->set_message_id("nonsense");
  const auto enqueued = Call(&QueueClient::Async::Enqueue, request);
  ASSERT_TRUE(enqueued.ok()) << enqueued.status();
  ASSERT_EQ(enqueued->results_size(), 4);
  EXPECT_EQ(enqueued->results(0).message_id(), request.messages(0).message_id());
  EXPECT_EQ(enqueued->results(0).refusal(), "");
  EXPECT_THAT(enqueued->results(1).refusal(), HasSubstr("class: 9"));
  EXPECT_EQ(enqueued->results(2).message_id(), request.messages(2).message_id());
  EXPECT_EQ(enqueued->results(2).refusal(), "");
  EXPECT_NE(enqueued->results(3).refusal(), "");
  const auto leased = Lease(absl::Seconds(5));
  ASSERT_TRUE(leased.ok()) << leased.status();
  ASSERT_EQ(leased->deliveries_size(), 2);
  EXPECT_EQ(leased->deliveries(0).message_id(), request.messages(2).message_id());
}

// SPEC Q1: without Redis there is no acceptance, and it mends itself.
TEST_F(QueueServiceTest, RedisDown_IsUnavailableThenRecovers) {
  ASSERT_TRUE(Enqueue().ok());
  redis_.Kill();
  EXPECT_EQ(Enqueue().status().code(), absl::StatusCode::kUnavailable);
  redis_.Restart();
  absl::Status status = Enqueue().status();
  for (int i = 0; i < 20 && !status.ok(); ++i) status = Enqueue().status();
  EXPECT_TRUE(status.ok()) << status;
}

// A start of the service, and its end.
absl::Status StartOnce(Server::Options options, const redis::TestRedis& redis) {
  const Runtime runtime(1);
  Server server(runtime.executor(0), std::move(options), redis.options(), "key");
  struct Run {
    static Co<void> Start(Server* server, absl::Status* status) {
      *status = co_await server->Start();
      co_await server->Stop();
    }
  };
  absl::Status status;
  runtime.Block(Run::Start(&server, &status));
  return status;
}

// SPEC Q1: start refuses a Redis that does not sync, unless the operator allows it.
TEST(QueueServerStart, UnsyncedRedis_IsRefused) {
  const redis::TestRedis unsynced;
  EXPECT_TRUE(StartOnce({.allow_volatile = true}, unsynced).ok());
  EXPECT_THAT(StartOnce({.allow_volatile = false}, unsynced).ToString(), HasSubstr("appendfsync"));
}

// SPEC Q8, Q1: the second store has to be as durable; what it does not tell is the operator's word.
TEST(QueueServerStart, SecondStore_IsCheckedLikeTheFirst) {
  redis::TestRedis redis(redis::EmbeddedRedis::Fsync::kAlways);
  redis::TestRedis second(redis::EmbeddedRedis::Fsync::kAlways);
  const auto start = [&](bool assume_durable, bool allow_volatile) {
    return StartOnce({.allow_volatile = allow_volatile,
                      .second = Server::Options::Second{.redis = second.options(),
                                                        .assume_durable = assume_durable}},
                     redis);
  };
  EXPECT_TRUE(start(false, false).ok());
  second.Raw("CONFIG SET appendfsync everysec");
  EXPECT_THAT(start(false, false).ToString(), HasSubstr("appendfsync is everysec"));
  EXPECT_FALSE(start(true, false).ok()) << "it tells, so nothing is assumed";
  EXPECT_TRUE(start(false, true).ok());
  second.Raw("CONFIG SET maxmemory-policy allkeys-lru");
  EXPECT_THAT(start(true, true).ToString(), HasSubstr("maxmemory-policy"));
  second.Raw("ACL SETUSER default -config");
  EXPECT_THAT(start(false, false).ToString(), HasSubstr("assume_durable"));
  EXPECT_TRUE(start(true, false).ok());
  second.Kill();
  EXPECT_EQ(start(true, false).code(), absl::StatusCode::kUnavailable);
}

// SPEC Q8: the second store goes and comes back; nothing is restarted, nothing is lost.
TEST(QueueServerWithSecondStore, StoreDown_IsUnavailableThenRecovers) {
  redis::TestRedis redis(redis::EmbeddedRedis::Fsync::kAlways);
  redis::TestRedis second(redis::EmbeddedRedis::Fsync::kAlways);
  QueueServer queue(redis, {.second = Server::Options::Second{.redis = second.options()}});
  ASSERT_TRUE(queue.Enqueue().ok());
  second.Kill();
  EXPECT_EQ(queue.Enqueue().status().code(), absl::StatusCode::kUnavailable);
  const auto leased = queue.Lease(absl::Seconds(5));
  ASSERT_TRUE(leased.ok()) << leased.status();
  ASSERT_EQ(leased->deliveries_size(), 1);
  EXPECT_EQ(leased->deliveries(0).content(), "");
  const std::string id = leased->deliveries(0).message_id();
  EXPECT_EQ(queue.GetContent(id).status().code(), absl::StatusCode::kUnavailable);
  second.Restart();
  auto content = queue.GetContent(id);
  for (int i = 0; i < 20 && !content.ok(); ++i) content = queue.GetContent(id);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->content(), "Subject: hi\r\n\r\nbody\r\n");
  const auto enqueued = queue.Enqueue();
  ASSERT_TRUE(enqueued.ok()) << enqueued.status();
  EXPECT_EQ(enqueued->durability(), v1::DURABILITY_SYNCED);
}

// SPEC Q8: with mail whose content would be out of reach the service does not start.
TEST(QueueServerStart, ForgottenSecondStore_IsRefused) {
  redis::TestRedis redis(redis::EmbeddedRedis::Fsync::kAlways);
  redis::TestRedis second(redis::EmbeddedRedis::Fsync::kAlways);
  {
    QueueServer queue(redis, {.second = Server::Options::Second{.redis = second.options()}});
    ASSERT_TRUE(queue.Enqueue().ok());
  }
  EXPECT_THAT(StartOnce({}, redis).ToString(), HasSubstr("content of 1 messages"));
}

}  // namespace
}  // namespace staffetta::queue
