#pragma once

// For tests of the whole service: gRPC in, a real Redis and a real name server behind, and
// stand-ins for the services that it calls.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/net/test_dns.h"
#include "common/redis/test_redis.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/test_replica.h"
#include "policy/serve.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"
#include "staffetta/events/v1/events.grpc.pb.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::policy {

// Users and their state; all others do not exist.
class FakeAuth final : public auth::v1::AuthService::CallbackService {
 public:
  explicit FakeAuth(Executor executor) : dispatcher_(executor, rpc::kTestKey, "auth") {}

  grpc::ServerUnaryReactor* GetUser(grpc::CallbackServerContext* context,
                                    const auth::v1::GetUserRequest* request,
                                    auth::v1::GetUserResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &FakeAuth::Get);
  }
  grpc::ServerUnaryReactor* DeactivateUser(grpc::CallbackServerContext* context,
                                           const auth::v1::DeactivateUserRequest* request,
                                           auth::v1::DeactivateUserResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &FakeAuth::Deactivate);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  void Put(const std::string& user, auth::v1::UserStatus status) {
    const std::lock_guard lock(mutex_);
    users_[user] = status;
  }
  auth::v1::UserStatus StatusOf(const std::string& user) {
    const std::lock_guard lock(mutex_);
    return users_[user];
  }
  void GoDown(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
  }

 private:
  Co<absl::Status> Get(const auth::v1::GetUserRequest* request,
                       auth::v1::GetUserResponse* response) {
    const std::lock_guard lock(mutex_);
    if (down_) co_return absl::UnavailableError("auth is down");
    if (!users_.contains(request->user())) co_return absl::NotFoundError("none");
    response->mutable_user()->set_status(users_[request->user()]);
    co_return absl::OkStatus();
  }
  Co<absl::Status> Deactivate(const auth::v1::DeactivateUserRequest* request,
                              auth::v1::DeactivateUserResponse*) {
    const std::lock_guard lock(mutex_);
    EXPECT_NE(request->reason(), "");
    users_[request->user()] = auth::v1::USER_STATUS_INACTIVE;
    co_return absl::OkStatus();
  }

  std::mutex mutex_;
  std::map<std::string, auth::v1::UserStatus> users_;
  bool down_ = false;
  rpc::Dispatcher dispatcher_;
};

class FakeEvents final : public events::v1::EventsService::CallbackService {
 public:
  explicit FakeEvents(Executor executor) : dispatcher_(executor, rpc::kTestKey, "events") {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const events::v1::PublishRequest* request,
                                    events::v1::PublishResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &FakeEvents::Take);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  // The first `count` events of a type, when so many have come.
  std::vector<events::v1::Event> Await(events::v1::EventType type, size_t count) {
    std::unique_lock lock(mutex_);
    const bool came =
        arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return Of(type).size() >= count; });
    EXPECT_TRUE(came) << "only " << Of(type).size() << " events came";
    return Of(type);
  }

 private:
  std::vector<events::v1::Event> Of(events::v1::EventType type) const {
    std::vector<events::v1::Event> found;
    for (const auto& event : events_) {
      if (event.type() == type) found.push_back(event);
    }
    return found;
  }
  Co<absl::Status> Take(const events::v1::PublishRequest* request, events::v1::PublishResponse*) {
    const std::lock_guard lock(mutex_);
    events_.insert(events_.end(), request->events().begin(), request->events().end());
    arrived_.notify_all();
    co_return absl::OkStatus();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<events::v1::Event> events_;
  rpc::Dispatcher dispatcher_;
};

using Policy = rpc::Client<v1::PolicyService>;
using Replica = rpc::TestReplica<Server, v1::PolicyService>;

// Account 1 is the one that the verbs are about.
class ServerTest : public testing::Test {
 protected:
  ~ServerTest() override {
    replica_.reset();
    others_.reset();
    runtime_.Block(auth_.Drain());
    runtime_.Block(events_.Drain());
  }

  std::unique_ptr<Replica> NewReplica(Server::Options options = {}) {
    net::ResolverOptions dns = dns_->options();
    dns.timeout = absl::Seconds(3);
    return std::make_unique<Replica>(
        &runtime_,
        std::make_unique<Server>(runtime_.executor(0), std::move(options), redis_.options(),
                                 rpc::kTestKey,
                                 *net::NewResolver(runtime_.executor(0), std::move(dns))),
        Server::Peers{.auth = others_->peer(), .events = others_->peer()});
  }
  // A fresh one, whose resolver remembers nothing.
  void Restart(Server::Options options = {}) {
    replica_.reset();
    replica_ = NewReplica(std::move(options));
  }

  absl::StatusOr<v1::Sender> Add(const std::string& name) {
    v1::AddSenderRequest request;
    request.set_account_id(1);
    request.set_name(name);
    const auto response = replica_->Call(&Policy::Async::AddSender, request);
    if (!response.ok()) return response.status();
    return response->sender();
  }
  absl::StatusOr<v1::Sender> Verify(const std::string& name, bool by_operator = false) {
    v1::VerifySenderRequest request;
    request.set_account_id(1);
    request.set_name(name);
    request.set_by_operator(by_operator);
    const auto response = replica_->Call(&Policy::Async::VerifySender, request);
    if (!response.ok()) return response.status();
    return response->sender();
  }
  absl::StatusOr<v1::Sender> Get(const std::string& name, uint64_t account_id = 1) {
    v1::GetSenderRequest request;
    request.set_account_id(account_id);
    request.set_name(name);
    const auto response = replica_->Call(&Policy::Async::GetSender, request);
    if (!response.ok()) return response.status();
    return response->sender();
  }
  absl::Status Remove(const std::string& name) {
    v1::RemoveSenderRequest request;
    request.set_account_id(1);
    request.set_name(name);
    return replica_->Call(&Policy::Async::RemoveSender, request).status();
  }
  absl::StatusOr<v1::SetUserSendersResponse> SetUser(const std::string& user,
                                                     const std::vector<std::string>& senders) {
    v1::SetUserSendersRequest request;
    request.set_account_id(1);
    request.set_user(user);
    for (const std::string& sender : senders) request.add_senders(sender);
    return replica_->Call(&Policy::Async::SetUserSenders, request);
  }
  v1::CheckSenderResponse Check(const std::string& user, const std::vector<std::string>& addresses,
                                Replica* replica = nullptr) {
    v1::CheckSenderRequest request;
    request.set_account_id(1);
    request.set_user(user);
    for (const std::string& address : addresses) request.add_addresses(address);
    request.set_client_address("192.0.2.1");
    request.set_subject("Hello");
    const auto response =
        (replica == nullptr ? replica_.get() : replica)->Call(&Policy::Async::CheckSender, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::CheckSenderResponse());
  }
  // A domain whose record is published and found.
  void AddVerified(const std::string& domain) {
    const auto sender = Add(domain);
    ASSERT_TRUE(sender.ok()) << sender.status();
    zone_ += sender->record_name() + ". TXT \"" + sender->record_value() + "\"\n";
    dns_->Restart(zone_);
    Restart();
    const auto verified = Verify(domain);
    ASSERT_TRUE(verified.ok()) << verified.status();
    ASSERT_EQ(verified->state(), v1::SENDER_STATE_VERIFIED) << verified->detail();
  }

  std::string zone_;
  std::unique_ptr<net::TestDns> dns_ = net::TestDns::Start("");
  redis::TestRedis redis_;
  Runtime runtime_{1};
  FakeAuth auth_{runtime_.executor(0)};
  FakeEvents events_{runtime_.executor(0)};
  std::unique_ptr<rpc::TestHost> others_ =
      std::make_unique<rpc::TestHost>(std::vector<grpc::Service*>{&auth_, &events_});
  std::unique_ptr<Replica> replica_ = NewReplica();
};

}  // namespace staffetta::policy
