#include <chrono>
#include <utility>

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/rpc/times.h"
#include "gateway/remote_backends.h"

namespace staffetta::gateway {
namespace {

namespace auth_pb = staffetta::auth::v1;

constexpr std::chrono::milliseconds kReconnectAfter(500);
// A client that opens a connection for each message logs in again and again. While changes are not
// heard, an old password is good for so long.
constexpr absl::Duration kRememberLogins = absl::Seconds(1);

Identity ToIdentity(const auth_pb::Identity& from) {
  const auth_pb::Caps& caps = from.caps();
  return {.account_id = from.account_id(),
          .list_id = from.list_id(),
          .user = from.user(),
          .priority = from.priority(),
          .channel = from.channel(),
          .revision = from.revision(),
          .caps = {.messages_per_minute = caps.messages_per_minute(),
                   .messages_per_hour = caps.messages_per_hour(),
                   .messages_per_day = caps.messages_per_day(),
                   .recipients_per_message = caps.recipients_per_message(),
                   .message_size = caps.message_size(),
                   .sessions = caps.sessions()}};
}

absl::Status Unforeseen() { return absl::InternalError("an answer that is not foreseen"); }

absl::StatusOr<AuthAnswer> ToAnswer(auth_pb::AuthVerdict verdict, const auth_pb::Identity& from) {
  switch (verdict) {
    case auth_pb::AUTH_VERDICT_OK:
      if (from.user().empty()) return Unforeseen();
      return AuthAnswer{AuthVerdict::kOk, ToIdentity(from)};
    case auth_pb::AUTH_VERDICT_WRONG_CREDENTIALS:
      return AuthAnswer{AuthVerdict::kWrongCredentials};
    case auth_pb::AUTH_VERDICT_INACTIVE:
      return AuthAnswer{AuthVerdict::kInactive};
    case auth_pb::AUTH_VERDICT_BLOCKED:
      return AuthAnswer{AuthVerdict::kBlocked};
    case auth_pb::AUTH_VERDICT_NO_NETWORK:
      return AuthAnswer{AuthVerdict::kNoNetwork};
    case auth_pb::AUTH_VERDICT_TOO_MANY_FAILURES:
      return AuthAnswer{AuthVerdict::kTooManyFailures};
    default:  // proto3 enums are open
      return Unforeseen();
  }
}

template <class Response>
absl::StatusOr<AuthAnswer> ToDelayedAnswer(const Response& response) {
  auto answer = ToAnswer(response.verdict(), response.identity());
  if (answer.ok()) answer->delay = rpc::FromProto(response.delay());
  return answer;
}

}  // namespace

RemoteAuthenticator::RemoteAuthenticator(std::shared_ptr<const rpc::Peer> auth,
                                         absl::Duration remember_networks, const Clock* clock)
    : client_(std::move(auth)),
      clock_(*clock),
      networks_(remember_networks),
      secret_(NewToken()),
      logins_(kRememberLogins) {}

Co<absl::StatusOr<AuthAnswer>> RemoteAuthenticator::Authenticate(std::string user,
                                                                 std::string password,
                                                                 std::string client_address) {
  // A user name has no NUL, and the address has a known form: no two logins give the same text. No
  // password can be read from what is kept.
  const std::string login = HmacSha256(secret_, user + '\0' + client_address + '\0' + password);
  if (auto known = logins_.Find(login, clock_.Now())) co_return *std::move(known);
  const uint64_t changes = ledger_.count();
  auth_pb::AuthenticateRequest request;
  request.set_user(std::move(user));
  request.set_password(std::move(password));
  request.set_client_address(std::move(client_address));
  const auto response = co_await client_.Call(&decltype(client_)::Async::Authenticate, request);
  if (!response.ok()) co_return response.status();
  auto answer = ToDelayedAnswer(*response);
  if (answer.ok() && answer->verdict == AuthVerdict::kOk && answer->delay == absl::ZeroDuration() &&
      ledger_.count() == changes) {
    logins_.Put(login, *answer, clock_.Now());
  }
  co_return answer;
}

Co<absl::StatusOr<ScramParameters>> RemoteAuthenticator::GetScramParameters(std::string user) {
  auth_pb::GetScramParametersRequest request;
  request.set_user(std::move(user));
  const auto response =
      co_await client_.Call(&decltype(client_)::Async::GetScramParameters, request);
  if (!response.ok()) co_return response.status();
  if (response->salt().empty() || response->iterations() < 1) co_return Unforeseen();
  co_return ScramParameters{response->salt(), response->iterations()};
}

Co<absl::StatusOr<AuthAnswer>> RemoteAuthenticator::AuthenticateScram(std::string user,
                                                                      std::string auth_message,
                                                                      std::string proof,
                                                                      std::string client_address) {
  auth_pb::AuthenticateScramRequest request;
  request.set_user(std::move(user));
  request.set_auth_message(std::move(auth_message));
  request.set_proof(std::move(proof));
  request.set_client_address(std::move(client_address));
  const auto response =
      co_await client_.Call(&decltype(client_)::Async::AuthenticateScram, request);
  if (!response.ok()) co_return response.status();
  auto answer = ToDelayedAnswer(*response);
  if (answer.ok()) answer->server_signature = response->server_signature();
  co_return answer;
}

Co<absl::StatusOr<AuthAnswer>> RemoteAuthenticator::AuthenticateToken(std::string user,
                                                                      std::string token,
                                                                      std::string client_address) {
  auth_pb::AuthenticateTokenRequest request;
  request.set_user(std::move(user));
  request.set_token(std::move(token));
  request.set_client_address(std::move(client_address));
  const auto response =
      co_await client_.Call(&decltype(client_)::Async::AuthenticateToken, request);
  if (!response.ok()) co_return response.status();
  co_return ToDelayedAnswer(*response);
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

Co<absl::StatusOr<AuthAnswer>> RemoteAuthenticator::FindUser(std::string user,
                                                             std::string client_address) {
  auth_pb::GetIdentityRequest request;
  request.set_user(std::move(user));
  request.set_client_address(std::move(client_address));
  const auto response = co_await client_.Call(&decltype(client_)::Async::GetIdentity, request);
  if (!response.ok()) co_return response.status();
  co_return ToAnswer(response->verdict(), response->identity());
}

Co<absl::StatusOr<Allowance>> RemoteAuthenticator::CountMessage(Identity identity) {
  auth_pb::CountMessageRequest request;
  request.set_user(std::move(identity.user));
  request.mutable_caps()->set_messages_per_minute(identity.caps.messages_per_minute);
  request.mutable_caps()->set_messages_per_hour(identity.caps.messages_per_hour);
  request.mutable_caps()->set_messages_per_day(identity.caps.messages_per_day);
  const auto response = co_await client_.Call(&decltype(client_)::Async::CountMessage, request);
  if (!response.ok()) co_return response.status();
  co_return Allowance{response->most(), response->window(),
                      rpc::FromProto(response->retry_after())};
}

Co<absl::StatusOr<bool>> RemoteAuthenticator::StillValid(Identity identity, uint64_t since) {
  if (!ledger_.MayHaveChanged(identity.user, since)) co_return true;
  // Where from was looked at when it logged in; a change of that is a new revision.
  const auto answer = co_await FindUser(identity.user, "");
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
    logins_.Clear();
  }
  changes_.reset();
}

void RemoteAuthenticator::Missed() {
  ledger_.Missed();
  networks_.Clear();
  logins_.Clear();
}

void RemoteAuthenticator::StopWatching() {
  stopped_ = true;
  changes_.reset();  // cancels the call; Next() ends
  if (pause_) pause_->cancel();
}

}  // namespace staffetta::gateway
