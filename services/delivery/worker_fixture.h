#pragma once

// A worker between a fake queue, an SMTP server that does as it is told, and a real Redis.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/runtime.h"
#include "common/redis/test_redis.h"
#include "common/rpc/host.h"
#include "delivery/fake_queue.h"
#include "delivery/test_server.h"
#include "delivery/test_support.h"
#include "delivery/worker.h"

namespace staffetta::delivery {

namespace pb = ::staffetta::queue::v1;

inline constexpr char kKey[] = "the-key";

// Everything on one thread; the bodies of the tests are coroutines there.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    auto host = rpc::Host::Start("127.0.0.1:0", {&queue_});
    EXPECT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
    options_.hostname = options_.helo = "relay.test";
    options_.reply_timeout = options_.final_timeout = absl::Seconds(5);
    options_.stop_grace = absl::Milliseconds(100);
    options_.port = server_.port();
    options_.allow_networks.push_back(*ParseNetwork("127.0.0.0/8"));
    dns_.SetAddresses("example.net", {"127.0.0.1"});
  }
  ~WorkerTest() override {
    runtime_.Block(TearDownThere());
    host_->Shutdown(absl::Seconds(5));
  }

  Co<void> TearDownThere() {
    if (worker_) co_await worker_->Stop();
    worker_.reset();
    co_await queue_.Drain();
    co_await server_.Stop();
    redis_client_.Close();
  }
  void Start() {
    worker_ =
        std::make_unique<Worker>(WorkerKind::kBulk, runtime_.executor(0), &options_,
                                 rpc::LocalPeer(host_->InProcessChannel(), kKey, absl::Seconds(10)),
                                 &inbox_, &dns_, net::TlsContext::OpportunisticClient(), nullptr);
    worker_->Start();
  }
  static pb::LeasedDelivery Leased(const std::string& id, std::vector<std::string> recipients) {
    pb::LeasedDelivery leased;
    leased.set_delivery_id(id);
    leased.set_lease_id("lease-" + id);
    leased.set_message_id(NewMessageId(0));
    leased.mutable_envelope()->set_account_id(7);
    leased.mutable_envelope()->set_sender("s@example.com");
    leased.mutable_envelope()->set_channel("shared");
    leased.set_destination("example.net");
    for (std::string& each : recipients) leased.add_recipients(std::move(each));
    leased.set_class_(3);
    leased.set_content("Subject: " + id + "\r\n\r\nbody\r\n");
    leased.set_content_size(static_cast<int64_t>(leased.content().size()));
    return leased;
  }
  static std::vector<pb::OutcomeKind> Kinds(const pb::Completion& completion) {
    std::vector<pb::OutcomeKind> kinds;
    for (const auto& outcome : completion.outcomes()) kinds.push_back(outcome.kind());
    return kinds;
  }
  // Runs until so many completions are there.
  void RunUntil(size_t completions) {
    bool in_time = false;
    runtime_.Block(Await(completions, &in_time));
    ASSERT_TRUE(in_time);
    ASSERT_EQ(queue_.completions.size(), completions);
  }
  Co<void> Await(size_t completions, bool* in_time) {
    if (!worker_) Start();
    *in_time = co_await queue_.AwaitCompletions(completions);
  }
  Co<void> AwaitRenewal(bool* in_time) {
    if (!worker_) Start();
    *in_time = co_await queue_.AwaitRenewals(2);
  }
  Co<void> AwaitHeld(size_t deliveries) {
    if (!worker_) Start();
    Timer pause(runtime_.executor(0));
    while (worker_->held() < deliveries) {
      pause.expires_after(std::chrono::milliseconds(1));
      co_await pause.async_wait(use_co);
    }
  }
  Co<void> StopWorker() { co_await worker_->Stop(); }

  Runtime runtime_{1};
  FakeQueue queue_{runtime_.executor(0), kKey};
  TestServer server_{runtime_.executor(0)};
  FakeResolver dns_;
  redis::TestRedis redis_;
  redis::Client redis_client_{runtime_.executor(0), redis_.options()};
  InboxStore inbox_{&redis_client_, 10};
  Options options_;
  std::unique_ptr<rpc::Host> host_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace staffetta::delivery
