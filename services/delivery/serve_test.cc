#include "delivery/serve.h"

#include <gtest/gtest.h>

#include <set>

#include "common/base/config.h"
#include "common/base/runtime.h"
#include "common/redis/test_redis.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "delivery/fake_queue.h"
#include "staffetta/delivery/v1/delivery.grpc.pb.h"

namespace staffetta::delivery {
namespace {

constexpr char kKey[] = "the-key";
using InboxClient = rpc::Client<v1::InboxService>;

// The whole service between a fake queue and a real Redis.
class ServeTest : public testing::Test {
 protected:
  ServeTest() {
    auto host = rpc::Host::Start("127.0.0.1:0", {&queue_, server_.grpc_service()});
    EXPECT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
    absl::Status started;
    runtime_.Block(Start(&started));
    EXPECT_TRUE(started.ok()) << started;
  }
  ~ServeTest() override {
    runtime_.Block(Stop());
    host_->Shutdown(absl::Seconds(5));
  }

  static Options SandboxOptions() {
    Options options;
    options.dns.servers = {"127.0.0.1"};
    options.sandbox_messages = 250;
    return options;
  }
  std::shared_ptr<const rpc::Peer> Local() {
    return rpc::LocalPeer(host_->InProcessChannel(), kKey, absl::Seconds(10));
  }
  Co<void> Start(absl::Status* status) { *status = co_await server_.Start({.queue = Local()}); }
  Co<void> Stop() {
    co_await server_.Stop();
    co_await queue_.Drain();
  }
  Co<void> AwaitCompletions(size_t count, bool* in_time) {
    *in_time = co_await queue_.AwaitCompletions(count);
  }
  void Submit(const std::string& delivery) {
    queue::v1::LeasedDelivery leased;
    leased.set_delivery_id(delivery);
    leased.set_lease_id("lease-" + delivery);
    leased.set_message_id("id-" + delivery);
    leased.mutable_envelope()->set_account_id(7);
    leased.mutable_envelope()->set_channel("sandbox");
    leased.mutable_envelope()->set_sender("s@example.com");
    leased.mutable_envelope()->set_subject("Hi");
    leased.add_recipients("a@example.net");
    leased.set_content("Subject: Hi\r\n\r\n");
    leased.set_content_size(15);
    queue_.Add(leased);
  }
  Co<void> SubmitThere(int from, int to) {
    for (int i = from; i < to; ++i) Submit(std::to_string(i));
    co_return;
  }
  void Capture(int count) {
    runtime_.Block(SubmitThere(0, count));
    bool in_time = false;
    runtime_.Block(AwaitCompletions(count, &in_time));
    ASSERT_TRUE(in_time);
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(
      void (InboxClient::Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                         std::function<void(grpc::Status)>),
      Request request) {
    absl::StatusOr<Response> result = absl::UnknownError("never set");
    runtime_.Block(CallThere(method, std::move(request), &result));
    return result;
  }
  template <class Method, class Request, class Response>
  Co<void> CallThere(Method method, Request request, absl::StatusOr<Response>* result) {
    const InboxClient client(Local());
    *result = co_await client.Call(method, std::move(request));
  }
  absl::StatusOr<v1::ListMessagesResponse> List(int page_size, const std::string& token) {
    v1::ListMessagesRequest request;
    request.set_account_id(7);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return Call(&InboxClient::Async::ListMessages, request);
  }

  Runtime runtime_{1};
  redis::TestRedis redis_;
  FakeQueue queue_{runtime_.executor(0), kKey};
  Server server_{
      {runtime_.executor(0), runtime_.executor(0)}, SandboxOptions(), redis_.options(), kKey};
  std::unique_ptr<rpc::Host> host_;
};

// SPEC D13
TEST_F(ServeTest, CapturedMail_IsReadByApi) {
  Capture(1);
  const auto list = List(0, "");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->total(), 1);
  ASSERT_EQ(list->messages_size(), 1);
  EXPECT_EQ(list->messages(0).subject(), "Hi");
  EXPECT_EQ(list->messages(0).recipients(0), "a@example.net");
  EXPECT_EQ(list->next_page_token(), "");

  v1::GetMessageRequest get;
  get.set_account_id(7);
  get.set_number(list->messages(0).number());
  const auto message = Call(&InboxClient::Async::GetMessage, get);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->message().content(), "Subject: Hi\r\n\r\n");

  v1::ClearMessagesRequest clear;
  clear.set_account_id(7);
  const auto cleared = Call(&InboxClient::Async::ClearMessages, clear);
  ASSERT_TRUE(cleared.ok()) << cleared.status();
  EXPECT_EQ(cleared->removed(), 1);
  EXPECT_EQ(Call(&InboxClient::Async::GetMessage, get).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ServeTest, PagesTogether_AreTheWholeInbox) {
  Capture(7);
  std::set<uint64_t> numbers;
  std::string token;
  int pages = 0;
  do {
    const auto list = List(3, token);
    ASSERT_TRUE(list.ok()) << list.status();
    for (const auto& message : list->messages()) numbers.insert(message.number());
    token = list->next_page_token();
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(numbers.size(), 7U);
  EXPECT_EQ(pages, 3);
}

TEST_F(ServeTest, TokenOfSomebodyElse_IsInvalid) {
  EXPECT_EQ(List(3, "x").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(OptionsTest, DefaultsAreThoseOfTheSchema) {
  const auto config = LoadConfig("", {});
  ASSERT_TRUE(config.ok()) << config.status();
  const Options options = OptionsFrom(*config, "box.test");
  EXPECT_EQ(options.hostname, "box.test");
  EXPECT_EQ(options.helo, "box.test");
  EXPECT_EQ(options.port, 25);
  EXPECT_EQ(options.retry.first, absl::Minutes(1));
  EXPECT_EQ(options.final_timeout, absl::Minutes(10));
  EXPECT_TRUE(options.routes.empty());
}

TEST(OptionsTest, RoutesAndNetworksAreRead) {
  const auto config =
      LoadConfig("", {{"delivery.routes", "[{domain: '*.Example.com', to: 'relay.test:2525'}]"},
                      {"delivery.allow_networks", "[10.0.0.0/8]"},
                      {"hostname", "mail.test"}});
  ASSERT_TRUE(config.ok()) << config.status();
  const Options options = OptionsFrom(*config, "box.test");
  EXPECT_EQ(options.hostname, "mail.test");
  ASSERT_EQ(options.routes.size(), 1U);
  EXPECT_EQ(options.routes[0].domain, "*.example.com");
  EXPECT_EQ(options.routes[0].host, "relay.test");
  EXPECT_EQ(options.routes[0].port, 2525);
  ASSERT_EQ(options.allow_networks.size(), 1U);
}

}  // namespace
}  // namespace staffetta::delivery
