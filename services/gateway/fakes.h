#pragma once

// The backends in memory, for tests. Thread-safe but for the public switches, which are set while
// no session runs, or from the thread of the only one.

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <map>
#include <mutex>
#include <set>

#include "gateway/backends.h"

namespace staffetta::gateway {

class FakeAuthenticator final : public Authenticator {
 public:
  struct User {
    std::string password;
    AuthVerdict verdict = AuthVerdict::kOk;
    Identity identity;
  };

  Co<absl::StatusOr<AuthAnswer>> Authenticate(std::string user, std::string password,
                                              std::string) override {
    if (down) co_return absl::UnavailableError("auth is down");
    const std::lock_guard lock(mutex_);
    const auto it = users.find(user);
    if (it == users.end() || it->second.password != password) {
      co_return AuthAnswer{AuthVerdict::kWrongCredentials};
    }
    co_return AuthAnswer{it->second.verdict, it->second.identity, delay};
  }

  Co<absl::StatusOr<AuthAnswer>> IdentifyNetwork(std::string client_address) override {
    ++network_calls;
    if (down) co_return absl::UnavailableError("auth is down");
    const std::lock_guard lock(mutex_);
    const auto it = networks.find(client_address);
    if (it == networks.end()) co_return AuthAnswer{AuthVerdict::kNoNetwork};
    co_return AuthAnswer{AuthVerdict::kOk, users[it->second].identity};
  }

  // Every user's salt is "salt"; a proof is good when it is the user's name: what the real one
  // checks is auth's.
  Co<absl::StatusOr<ScramParameters>> GetScramParameters(std::string) override {
    if (down) co_return absl::UnavailableError("auth is down");
    co_return ScramParameters{"salt", 4096};
  }
  Co<absl::StatusOr<AuthAnswer>> AuthenticateScram(std::string user, std::string auth_message,
                                                   std::string proof, std::string) override {
    if (down) co_return absl::UnavailableError("auth is down");
    const std::lock_guard lock(mutex_);
    last_auth_message = std::move(auth_message);
    const auto it = users.find(user);
    if (it == users.end() || proof != user) co_return AuthAnswer{AuthVerdict::kWrongCredentials};
    co_return AuthAnswer{
        .verdict = it->second.verdict, .identity = it->second.identity, .server_signature = "sig"};
  }
  // A token is the user's name; who gives no user is whom the token names.
  Co<absl::StatusOr<AuthAnswer>> AuthenticateToken(std::string user, std::string token,
                                                   std::string) override {
    if (down) co_return absl::UnavailableError("auth is down");
    const std::lock_guard lock(mutex_);
    const auto it = users.find(token);
    if (it == users.end() || (!user.empty() && user != token)) {
      co_return AuthAnswer{AuthVerdict::kWrongCredentials};
    }
    co_return AuthAnswer{it->second.verdict, it->second.identity};
  }

  Co<absl::StatusOr<Allowance>> CountMessage(Identity identity) override {
    if (down) co_return absl::UnavailableError("auth is down");
    const std::lock_guard lock(mutex_);
    const int most = identity.caps.messages_per_minute;
    if (messages[identity.user] >= most) co_return Allowance{most, "minute", absl::Seconds(23)};
    ++messages[identity.user];
    co_return Allowance{};
  }

  Co<absl::StatusOr<AuthAnswer>> FindUser(std::string user, std::string) override {
    if (down) co_return absl::UnavailableError("auth is down");
    const std::lock_guard lock(mutex_);
    const auto it = users.find(user);
    if (it == users.end()) co_return AuthAnswer{AuthVerdict::kWrongCredentials};
    co_return AuthAnswer{it->second.verdict, it->second.identity};
  }

  uint64_t Changes() const override { return changes_; }

  Co<absl::StatusOr<bool>> StillValid(Identity identity, uint64_t) override {
    if (down) co_return absl::UnavailableError("auth is down");
    const std::lock_guard lock(mutex_);
    const auto it = users.find(identity.user);
    co_return it != users.end() && it->second.identity == identity;
  }

  // The user's rights change.
  void Revise(const std::string& user) {
    const std::lock_guard lock(mutex_);
    ++users[user].identity.revision;
    ++changes_;
  }
  // Somebody else's rights change.
  void ReviseOther() { ++changes_; }

  std::map<std::string, User> users;
  std::map<std::string, int> messages;  // counted, by user
  std::string last_auth_message;
  absl::Duration delay;                         // of the answer to a right password
  std::map<std::string, std::string> networks;  // client address → user
  std::atomic<bool> down{false};
  std::atomic<int> network_calls{0};

 private:
  std::mutex mutex_;
  std::atomic<uint64_t> changes_{0};
};

class FakeSenderPolicy final : public SenderPolicy {
 public:
  Co<absl::StatusOr<SenderAnswer>> Check(Identity, std::vector<std::string> addresses, std::string,
                                         std::string subject) override {
    ++calls;
    if (down) co_return absl::UnavailableError("policy is down");
    const std::lock_guard lock(mutex_);
    last_subject = std::move(subject);
    for (const std::string& address : addresses) {
      const auto it = verdicts.find(address.substr(address.rfind('@') + 1));
      const SenderVerdict verdict =
          it == verdicts.end() ? SenderVerdict::kNotAuthorised : it->second;
      if (verdict != SenderVerdict::kOk) co_return SenderAnswer{verdict, address};
    }
    co_return SenderAnswer{SenderVerdict::kOk, ""};
  }

  std::map<std::string, SenderVerdict> verdicts;  // by domain, in lower case
  std::atomic<bool> down{false};
  std::atomic<int> calls{0};
  std::string last_subject;

 private:
  std::mutex mutex_;
};

class FakeQueue final : public MessageQueue {
 public:
  Co<absl::Status> PutContent(std::string message_id, int piece, std::string content) override {
    if (down || puts++ == failing_put) co_return absl::UnavailableError("queue is down");
    most_putting = std::max<int>(most_putting, ++putting_);
    co_await asio::post(co_await asio::this_coro::executor, use_co);  // as a call takes time
    --putting_;
    const std::lock_guard lock(mutex_);
    pieces[message_id][piece] = std::move(content);
    co_return absl::OkStatus();
  }

  Co<absl::StatusOr<Queued>> Enqueue(Message message) override {
    if (down) co_return absl::UnavailableError("queue is down");
    const std::lock_guard lock(mutex_);
    for (const Message& first : messages) {
      const bool repeated = !message.idempotency_key.empty() &&
                            first.idempotency_key == message.idempotency_key &&
                            first.identity.user == message.identity.user;
      if (repeated) co_return Queued{Durability::kSynced, first.id};
    }
    // As the real one: a message without one of its pieces is none.
    for (int i = 0; i < message.content_pieces; ++i) {
      if (!pieces[message.id].contains(i)) co_return absl::FailedPreconditionError("a piece");
    }
    messages.push_back(std::move(message));
    co_return Queued{Durability::kSynced, messages.back().id};
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return messages.size();
  }

  // However it came.
  std::string ContentOf(const Message& message) const {
    const std::lock_guard lock(mutex_);
    const auto found = pieces.find(message.id);
    if (found == pieces.end()) return message.content;
    std::string content;
    for (const auto& [number, piece] : found->second) content += piece;
    return content;
  }

  std::vector<Message> messages;
  std::map<std::string, std::map<int, std::string>> pieces;  // by message id and number
  std::atomic<bool> down{false};
  std::atomic<int> puts{0};
  std::atomic<int> most_putting{0};  // at once
  std::atomic<int> failing_put{-1};  // the put, counted from 0, that fails

 private:
  std::atomic<int> putting_{0};
  mutable std::mutex mutex_;
};

// All three, with the people that the dialogues know.
struct FakeBackends {
  FakeBackends() {
    const Identity identity{
        .account_id = 1, .list_id = 0, .user = "s1_0", .channel = "shared", .revision = 1};
    authenticator.users["s1_0"] = {"secret", AuthVerdict::kOk, identity};
    authenticator.users["s1_1"] = {"secret", AuthVerdict::kInactive, {}};
    authenticator.users["s1_2"] = {"secret", AuthVerdict::kBlocked, {}};
    authenticator.networks["192.0.2.7"] = "s1_0";
    senders.verdicts = {{"example.com", SenderVerdict::kOk},
                        {"pending.example", SenderVerdict::kNotVerified},
                        {"banned.example", SenderVerdict::kBanned}};
  }

  Backends all() { return {&authenticator, &senders, &queue}; }

  FakeAuthenticator authenticator;
  FakeSenderPolicy senders;
  FakeQueue queue;
};

}  // namespace staffetta::gateway
