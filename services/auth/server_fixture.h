#pragma once

// For tests of the whole service: gRPC in, a real Redis behind, and stand-ins for the services that
// it calls.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "auth/serve.h"
#include "auth/verifier.h"
#include "common/redis/test_redis.h"
#include "common/rpc/dispatcher.h"
#include "common/rpc/test_replica.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"
#include "staffetta/events/v1/events.grpc.pb.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::auth {

using Code = absl::StatusCode;

// Keeps senders of users; a sender is verified when a test said so.
class FakePolicy final : public policy::v1::PolicyService::CallbackService {
 public:
  explicit FakePolicy(Executor executor) : dispatcher_(executor, rpc::kTestKey, "policy") {}

  grpc::ServerUnaryReactor* SetUserSenders(grpc::CallbackServerContext* context,
                                           const policy::v1::SetUserSendersRequest* request,
                                           policy::v1::SetUserSendersResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &FakePolicy::Set);
  }
  grpc::ServerUnaryReactor* GetUserSenders(grpc::CallbackServerContext* context,
                                           const policy::v1::GetUserSendersRequest* request,
                                           policy::v1::GetUserSendersResponse* response) override {
    return dispatcher_.Unary(context, request, response, this, &FakePolicy::Get);
  }
  Co<void> Drain() { return dispatcher_.Drain(); }

  void Verify(const std::string& sender, bool verified = true) {
    const std::lock_guard lock(mutex_);
    verified ? (void)verified_.insert(sender) : (void)verified_.erase(sender);
  }
  void GoDown(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
  }

 private:
  template <class Response>
  void List(const std::string& user, Response* response) {
    for (const std::string& name : senders_[user]) {
      policy::v1::Sender* sender = response->add_senders();
      sender->set_name(name);
      sender->set_state(verified_.contains(name) ? policy::v1::SENDER_STATE_VERIFIED
                                                 : policy::v1::SENDER_STATE_PENDING);
      sender->set_detail("publish the record");
    }
  }
  Co<absl::Status> Set(const policy::v1::SetUserSendersRequest* request,
                       policy::v1::SetUserSendersResponse* response) {
    const std::lock_guard lock(mutex_);
    if (down_) co_return absl::UnavailableError("policy is down");
    senders_[request->user()] = {request->senders().begin(), request->senders().end()};
    List(request->user(), response);
    co_return absl::OkStatus();
  }
  Co<absl::Status> Get(const policy::v1::GetUserSendersRequest* request,
                       policy::v1::GetUserSendersResponse* response) {
    const std::lock_guard lock(mutex_);
    if (down_) co_return absl::UnavailableError("policy is down");
    List(request->user(), response);
    co_return absl::OkStatus();
  }

  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> senders_;
  std::set<std::string> verified_;
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

  std::vector<std::string> details() {
    const std::lock_guard lock(mutex_);
    return details_;
  }

 private:
  Co<absl::Status> Take(const events::v1::PublishRequest* request, events::v1::PublishResponse*) {
    const std::lock_guard lock(mutex_);
    for (const auto& event : request->events()) {
      EXPECT_EQ(event.type(), events::v1::EVENT_TYPE_STATE_CHANGED);
      details_.push_back(absl::StrCat(event.envelope().user(), ": ", event.detail()));
    }
    co_return absl::OkStatus();
  }

  std::mutex mutex_;
  std::vector<std::string> details_;
  rpc::Dispatcher dispatcher_;
};

using Auth = rpc::Client<v1::AuthService>;
using Watch = rpc::StreamReader<v1::WatchUsersResponse>;

using Replica = rpc::TestReplica<Server, v1::AuthService>;

class ServerTest : public testing::Test {
 protected:
  explicit ServerTest(Server::Options options = {}) : options_(std::move(options)) {}
  ~ServerTest() override {
    replica_.reset();
    others_.reset();
    runtime_.Block(policy_.Drain());
    runtime_.Block(events_.Drain());
  }

  std::unique_ptr<Replica> NewReplica() {
    return std::make_unique<Replica>(
        &runtime_,
        std::make_unique<Server>(runtime_.executor(0), options_, redis_.options(), rpc::kTestKey),
        Server::Peers{.policy = others_->peer(), .events = others_->peer()});
  }

  uint64_t CreateAccount(const std::string& channel = "") {
    v1::CreateAccountRequest request;
    request.set_name("Demo");
    request.set_channel(channel);
    const auto response = replica_->Call(&Auth::Async::CreateAccount, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response->account().account_id();
  }
  absl::StatusOr<v1::CreateUserResponse> Create(v1::CreateUserRequest request) {
    return replica_->Call(&Auth::Async::CreateUser, request);
  }
  // A user of a verified sender; its password.
  std::string CreateActive(const std::string& user, uint64_t account_id = 1) {
    policy_.Verify("example.com");
    v1::CreateUserRequest request;
    request.set_account_id(account_id);
    request.set_note("a secret note");
    request.add_senders("example.com");
    const auto response = Create(request);
    EXPECT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->user().user(), user);
    EXPECT_TRUE(Activate(user).ok());
    return response->password();
  }
  absl::StatusOr<v1::ActivateUserResponse> Activate(const std::string& user) {
    v1::ActivateUserRequest request;
    request.set_user(user);
    return replica_->Call(&Auth::Async::ActivateUser, request);
  }
  absl::StatusOr<v1::DeactivateUserResponse> Deactivate(const std::string& user,
                                                        const std::string& reason = "") {
    v1::DeactivateUserRequest request;
    request.set_user(user);
    request.set_reason(reason);
    return replica_->Call(&Auth::Async::DeactivateUser, request);
  }
  absl::StatusOr<v1::BlockUserResponse> Block(const std::string& user, const std::string& reason) {
    v1::BlockUserRequest request;
    request.set_user(user);
    request.set_reason(reason);
    return replica_->Call(&Auth::Async::BlockUser, request);
  }
  std::string Regenerate(const std::string& user) {
    v1::RegeneratePasswordRequest request;
    request.set_user(user);
    const auto response = replica_->Call(&Auth::Async::RegeneratePassword, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response->password();
  }
  absl::Status Delete(const std::string& user) {
    v1::DeleteUserRequest request;
    request.set_user(user);
    return replica_->Call(&Auth::Async::DeleteUser, request).status();
  }
  absl::StatusOr<v1::GetUserResponse> Get(const std::string& user) {
    v1::GetUserRequest request;
    request.set_user(user);
    return replica_->Call(&Auth::Async::GetUser, request);
  }
  absl::StatusOr<v1::UpdateUserResponse> Update(const v1::User& user,
                                                const std::vector<std::string>& mask) {
    v1::UpdateUserRequest request;
    *request.mutable_user() = user;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return replica_->Call(&Auth::Async::UpdateUser, request);
  }
  v1::AuthenticateResponse Authenticate(const std::string& user, const std::string& password,
                                        Replica* replica = nullptr) {
    v1::AuthenticateRequest request;
    request.set_user(user);
    request.set_password(password);
    const auto response =
        (replica == nullptr ? replica_.get() : replica)->Call(&Auth::Async::Authenticate, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::AuthenticateResponse());
  }
  v1::AuthVerdict VerdictOn(const std::string& user, const std::string& password,
                            Replica* replica = nullptr) {
    return Authenticate(user, password, replica).verdict();
  }
  v1::IdentifyNetworkResponse Identify(const std::string& address, Replica* replica = nullptr) {
    v1::IdentifyNetworkRequest request;
    request.set_client_address(address);
    const auto response = (replica == nullptr ? replica_.get() : replica)
                              ->Call(&Auth::Async::IdentifyNetwork, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::IdentifyNetworkResponse());
  }
  absl::StatusOr<v1::ListUsersResponse> List(const v1::ListUsersRequest& request) {
    return replica_->Call(&Auth::Async::ListUsers, request);
  }
  static std::vector<std::string> Names(const v1::ListUsersResponse& response) {
    std::vector<std::string> names;
    for (const v1::User& user : response.users()) names.push_back(user.user());
    return names;
  }

  const Server::Options options_;
  redis::TestRedis redis_;
  Runtime runtime_{1};
  FakePolicy policy_{runtime_.executor(0)};
  FakeEvents events_{runtime_.executor(0)};
  std::unique_ptr<rpc::TestHost> others_ =
      std::make_unique<rpc::TestHost>(std::vector<grpc::Service*>{&policy_, &events_});
  std::unique_ptr<Replica> replica_ = NewReplica();
};

}  // namespace staffetta::auth
