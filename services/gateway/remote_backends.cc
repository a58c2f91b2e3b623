#include "gateway/remote_backends.h"

#include <absl/strings/str_cat.h>

#include <chrono>
#include <utility>

#include "common/base/log.h"

namespace staffetta::gateway {
namespace {

namespace auth_pb = staffetta::auth::v1;
namespace policy_pb = staffetta::policy::v1;

constexpr std::chrono::milliseconds kReconnectAfter(500);

Identity FromProto(const auth_pb::Identity& from) {
  return {.account_id = from.account_id(),
          .list_id = from.list_id(),
          .user = from.user(),
          .priority = from.priority(),
          .channel = from.channel(),
          .revision = from.revision()};
}

absl::Status Unforeseen() { return absl::InternalError("an answer that is not foreseen"); }

absl::StatusOr<AuthAnswer> ToAnswer(auth_pb::AuthVerdict verdict, const auth_pb::Identity& from) {
  switch (verdict) {
    case auth_pb::AUTH_VERDICT_OK:
      if (from.user().empty()) return Unforeseen();
      return AuthAnswer{AuthVerdict::kOk, FromProto(from)};
    case auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS:
      return AuthAnswer{AuthVerdict::kWrongCredentials, {}};
    case auth_pb::AUTH_VERDICT_INACTIVE:
      return AuthAnswer{AuthVerdict::kInactive, {}};
    case auth_pb::AUTH_VERDICT_BLOCKED:
      return AuthAnswer{AuthVerdict::kBlocked, {}};
    case auth_pb::AUTH_VERDICT_NO_NETWORK:
      return AuthAnswer{AuthVerdict::kNoNetwork, {}};
    default:  // proto3 enums are open
      return Unforeseen();
  }
}

absl::StatusOr<SenderVerdict> ToVerdict(policy_pb::SenderVerdict verdict) {
  switch (verdict) {
    case policy_pb::SENDER_VERDICT_OK:
      return SenderVerdict::kOk;
    case policy_pb::SENDER_VERDICT_NOT_AUTHORISED:
      return SenderVerdict::kNotAuthorised;
    case policy_pb::SENDER_VERDICT_NOT_VERIFIED:
      return SenderVerdict::kNotVerified;
    case policy_pb::SENDER_VERDICT_BANNED:
      return SenderVerdict::kBanned;
    default:  // proto3 enums are open
      return Unforeseen();
  }
}

}  // namespace

RemoteAuthenticator::RemoteAuthenticator(std::shared_ptr<const rpc::Peer> auth,
                                         absl::Duration remember_networks, const Clock* clock)
    : client_(std::move(auth)), clock_(*clock), networks_(remember_networks) {}

Co<absl::StatusOr<AuthAnswer>> RemoteAuthenticator::Authenticate(std::string user,
                                                                 std::string password,
                                                                 std::string client_address) {
  auth_pb::AuthenticateRequest request;
  request.set_user(std::move(user));
  request.set_password(std::move(password));
  request.set_client_address(std::move(client_address));
  const auto response = co_await client_.Call(&decltype(client_)::Async::Authenticate, request);
  if (!response.ok()) co_return response.status();
  co_return ToAnswer(response->verdict(), response->identity());
}

Co<absl::StatusOr<AuthAnswer>> RemoteAuthenticator::IdentifyNetwork(std::string client_address) {
  if (auto known = networks_.Find(client_address, clock_.Now())) co_return *std::move(known);
  const uint64_t changes = ledger_.count();
  auth_pb::IdentifyNetworkRequest request;
  request.set_client_address(client_address);
  const auto response = co_await client_.Call(&decltype(client_)::Async::IdentifyNetwork, request);
  if (!response.ok()) co_return response.status();
  auto answer = ToAnswer(response->verdict(), response->identity());
  // An answer from before a change must not outlive it.
  if (answer.ok() && ledger_.count() == changes) {
    networks_.Put(client_address, *answer, clock_.Now());
  }
  co_return answer;
}

Co<absl::StatusOr<AuthAnswer>> RemoteAuthenticator::FindUser(std::string user) {
  auth_pb::GetIdentityRequest request;
  request.set_user(std::move(user));
  const auto response = co_await client_.Call(&decltype(client_)::Async::GetIdentity, request);
  if (!response.ok()) co_return response.status();
  co_return ToAnswer(response->verdict(), response->identity());
}

Co<absl::StatusOr<bool>> RemoteAuthenticator::StillValid(Identity identity, uint64_t since) {
  if (!ledger_.MayHaveChanged(identity.user, since)) co_return true;
  const auto answer = co_await FindUser(identity.user);
  if (!answer.ok()) co_return answer.status();
  co_return answer->verdict == AuthVerdict::kOk && answer->identity.revision == identity.revision;
}

Co<void> RemoteAuthenticator::Watch(Executor executor) {
  pause_ = std::make_unique<Timer>(executor);
  while (!stopped_) {
    co_await FollowOnce(executor);
    Missed();
    if (stopped_) break;
    pause_->expires_after(kReconnectAfter);
    boost::system::error_code woken;
    co_await pause_->async_wait(asio::redirect_error(use_co, woken));
  }
}

Co<void> RemoteAuthenticator::FollowOnce(Executor executor) {
  changes_ = std::make_unique<ChangeStream>(
      client_.Read(executor, &decltype(client_)::Async::WatchUsers, auth_pb::WatchUsersRequest()));
  while (!stopped_) {
    const auto change = co_await changes_->Next();
    if (!change.ok()) {
      if (!stopped_) log::Warn("changes of users are not heard: {}", change.status().ToString());
      break;
    }
    if (change->users().empty()) {
      Missed();  // the stream begins: what came before was not heard
      continue;
    }
    for (const std::string& user : change->users()) ledger_.Changed(user);
    networks_.Clear();
  }
  changes_.reset();
}

void RemoteAuthenticator::Missed() {
  ledger_.Missed();
  networks_.Clear();
}

void RemoteAuthenticator::StopWatching() {
  stopped_ = true;
  changes_.reset();  // cancels the call; Next() ends
  if (pause_) pause_->cancel();
}

Co<absl::StatusOr<SenderAnswer>> RemoteSenderPolicy::Check(Identity identity,
                                                           std::vector<std::string> addresses,
                                                           std::string client_address,
                                                           std::string subject) {
  const absl::Time now = clock_.Now();
  std::vector<std::string> questions;
  bool all_known = true;
  for (const std::string& address : addresses) {
    questions.push_back(absl::StrCat(identity.user, " ", identity.revision, " ", address));
    all_known = all_known && allowed_.Find(questions.back(), now).has_value();
  }
  if (all_known && !questions.empty()) co_return SenderAnswer{SenderVerdict::kOk, ""};

  policy_pb::CheckSenderRequest request;
  request.set_account_id(identity.account_id);
  request.set_user(std::move(identity.user));
  for (std::string& address : addresses) request.add_addresses(std::move(address));
  request.set_client_address(std::move(client_address));
  request.set_subject(std::move(subject));
  const auto response = co_await client_.Call(&decltype(client_)::Async::CheckSender, request);
  if (!response.ok()) co_return response.status();
  const auto verdict = ToVerdict(response->verdict());
  if (!verdict.ok()) co_return verdict.status();
  if (*verdict == SenderVerdict::kOk) {
    for (const std::string& question : questions) allowed_.Put(question, {}, now);
  }
  co_return SenderAnswer{*verdict, response->offending_address()};
}

}  // namespace staffetta::gateway
