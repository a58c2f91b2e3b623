#include "auth/authenticator.h"

#include <utility>

#include "common/base/log.h"
#include "common/base/network.h"
#include "common/rpc/times.h"

namespace staffetta::auth {
namespace {

// NewToken gives 26; nobody's password is longer than this.
constexpr size_t kLongestPassword = 1024;

// Never given: accounts count from 1.
constexpr UserName kNobody{0, 0};

// What a user that showed the right password may do by SMTP.
v1::AuthVerdict VerdictOf(const v1::User& user) {
  switch (user.status()) {
    case v1::USER_STATUS_ACTIVE:
      // A credential for the API only does not open the SMTP edge.
      return user.type() == v1::USER_TYPE_API ? v1::AUTH_VERDICT_INACTIVE : v1::AUTH_VERDICT_OK;
    case v1::USER_STATUS_BLOCKED:
      return v1::AUTH_VERDICT_BLOCKED;
    default:
      return v1::AUTH_VERDICT_INACTIVE;
  }
}

// SPEC U10: whether its credentials are good from there; no address is everywhere.
bool IsAllowedFrom(const v1::User& user, const std::string& client_address) {
  if (user.auth_networks().empty() || client_address.empty()) return true;
  boost::system::error_code bad;
  const asio::ip::address address = asio::ip::make_address(client_address, bad);
  if (bad) return false;
  for (const std::string& text : user.auth_networks()) {
    const absl::StatusOr<Network> network = ParseNetwork(text);
    if (network.ok() && network->Contains(address)) return true;
  }
  log::Info("auth: {} has the right credentials of {}, but is not in its networks", client_address,
            user.user());
  return false;
}

template <class Response>
void Answer(const AuthStore::Stored& stored, Response* response) {
  response->set_verdict(VerdictOf(stored.user));
  if (response->verdict() != v1::AUTH_VERDICT_OK) return;
  v1::Identity* identity = response->mutable_identity();
  identity->set_account_id(stored.user.account_id());
  identity->set_list_id(stored.user.list_id());
  identity->set_user(stored.user.user());
  identity->set_priority(stored.user.priority());
  identity->set_channel(stored.account.channel());
  identity->set_revision(stored.user.revision());
  if (stored.user.has_caps()) *identity->mutable_caps() = stored.user.caps();
}

}  // namespace

Authenticator::Authenticator(Parts parts, Options options)
    : parts_(parts), cache_(options.remember, options.remembered, options.clock) {}

Co<absl::StatusOr<Authenticator::Door>> Authenticator::Open(std::string user,
                                                            std::string client_address) {
  Login login{std::move(user), SourceOf(client_address)};
  const UserName name = ParseUserName(login.user).value_or(kNobody);
  std::vector<redis::Value> replies;
  absl::StatusOr<std::optional<AuthStore::Stored>> found =
      co_await parts_.store->FindUserWith(name, LoginStore::PastCommands(login), &replies);
  if (!found.ok()) co_return found.status();
  const absl::StatusOr<LoginStore::Past> past = LoginStore::ReadPast(replies);
  if (!past.ok()) co_return past.status();
  LoginGuard::Attempt attempt = parts_.guard->Begin(std::move(login), client_address, *past);
  co_return Door{std::move(attempt), std::move(client_address), *std::move(found)};
}

template <class Response>
Co<absl::Status> Authenticator::Close(Door door, bool right, Response* response) {
  const bool exists = door.user.has_value();
  if (right && exists && IsAllowedFrom(door.user->user, door.client_address)) {
    Answer(*door.user, response);
    if (response->verdict() == v1::AUTH_VERDICT_OK) {
      co_await parts_.guard->Succeeded(&door.attempt);
    }
  } else {
    response->set_verdict(v1::AUTH_VERDICT_WRONG_CREDENTIALS);
    co_await parts_.guard->Failed(&door.attempt, exists ? door.user->user.account_id() : 0);
  }
  if (door.attempt.delay > absl::ZeroDuration()) {
    *response->mutable_delay() = rpc::ToProto(door.attempt.delay);
  }
  co_return absl::OkStatus();
}

// The plan, the same whether or not the user exists:
// - read the user and what came of logins before; nobody stands in for a user that is not there
// - unless the credential is remembered, derive the keys of the password shown
// - when it is right and was derived, read again: the password may have changed meanwhile
Co<absl::Status> Authenticator::Authenticate(const v1::AuthenticateRequest* request,
                                             v1::AuthenticateResponse* response) {
  absl::StatusOr<Door> door = co_await Open(request->user(), request->client_address());
  if (!door.ok()) co_return door.status();
  response->set_verdict(v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  if (door->attempt.refused) co_return absl::OkStatus();
  const bool exists = door->user.has_value() && request->password().size() <= kLongestPassword;
  const Verifier verifier = exists ? door->user->verifier : DummyVerifier();
  const std::string password = request->password().substr(0, kLongestPassword);
  const std::string key = cache_.KeyOf(request->user(), password, verifier);
  if (exists && cache_.Knows(key)) co_return co_await Close(*std::move(door), true, response);

  const absl::StatusOr<bool> matches = co_await parts_.pool->Matches(verifier, password);
  if (!matches.ok()) co_return matches.status();
  bool right = exists && *matches;
  if (right) {
    absl::StatusOr<std::optional<AuthStore::Stored>> found =
        co_await parts_.store->FindUser(*ParseUserName(request->user()));
    if (!found.ok()) co_return found.status();
    right = found->has_value() && (*found)->verifier == verifier;
    if (right) cache_.Remember(key);
    door->user = *std::move(found);
  }
  co_return co_await Close(*std::move(door), right, response);
}

Co<absl::Status> Authenticator::GetScramParameters(const v1::GetScramParametersRequest* request,
                                                   v1::GetScramParametersResponse* response) {
  const UserName name = ParseUserName(request->user()).value_or(kNobody);
  absl::StatusOr<std::string> salt = co_await parts_.salts->Of(request->user());
  if (!salt.ok()) co_return salt.status();
  const absl::StatusOr<std::optional<AuthStore::Stored>> found =
      co_await parts_.store->FindUser(name);
  if (!found.ok()) co_return found.status();
  response->set_salt(found->has_value() ? (*found)->verifier.salt : *std::move(salt));
  response->set_iterations(found->has_value() ? (*found)->verifier.iterations : kIterations);
  co_return absl::OkStatus();
}

Co<absl::Status> Authenticator::AuthenticateScram(const v1::AuthenticateScramRequest* request,
                                                  v1::AuthenticateScramResponse* response) {
  absl::StatusOr<Door> door = co_await Open(request->user(), request->client_address());
  if (!door.ok()) co_return door.status();
  response->set_verdict(v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  if (door->attempt.refused) co_return absl::OkStatus();
  const Verifier verifier = door->user ? door->user->verifier : DummyVerifier();
  const bool right = ProofFits(verifier, request->auth_message(), request->proof());
  std::string signature = ServerSignature(verifier, request->auth_message());
  absl::Status status = co_await Close(*std::move(door), right, response);
  if (response->verdict() == v1::AUTH_VERDICT_OK) {
    response->set_server_signature(std::move(signature));
  }
  co_return status;
}

Co<absl::Status> Authenticator::AuthenticateToken(const v1::AuthenticateTokenRequest* request,
                                                  v1::AuthenticateTokenResponse* response) {
  TokenIssuers::Verdict token = parts_.issuers->Judge(request->token());
  // Nobody may act for somebody else.
  if (!request->user().empty() && !token.user.empty() && token.user != request->user()) {
    token = {"", "it names another user"};
  }
  std::string user = token.user.empty() ? request->user() : token.user;
  absl::StatusOr<Door> door = co_await Open(std::move(user), request->client_address());
  if (!door.ok()) co_return door.status();
  response->set_verdict(v1::AUTH_VERDICT_TOO_MANY_FAILURES);
  if (door->attempt.refused) co_return absl::OkStatus();
  const bool right = !token.user.empty();
  if (!right) log::Info("{}: token refused: {}", request->client_address(), token.why_not);
  co_return co_await Close(*std::move(door), right, response);
}

Co<absl::Status> Authenticator::IdentifyNetwork(const v1::IdentifyNetworkRequest* request,
                                                v1::IdentifyNetworkResponse* response) {
  response->set_verdict(v1::AUTH_VERDICT_NO_NETWORK);
  boost::system::error_code bad;
  const asio::ip::address client = asio::ip::make_address(request->client_address(), bad);
  if (bad) co_return absl::InvalidArgumentError("client_address is no IP address");
  const absl::StatusOr<std::shared_ptr<const NetworkTable>> networks = co_await Networks();
  if (!networks.ok()) co_return networks.status();
  const std::optional<UserName> name = (*networks)->Find(client);
  if (!name) co_return absl::OkStatus();

  const absl::StatusOr<std::optional<AuthStore::Stored>> found =
      co_await parts_.store->FindUser(*name);
  if (!found.ok()) co_return found.status();
  // Between table and user a change may have come: then nobody has opened the network.
  if (!found->has_value() || VerdictOf((*found)->user) != v1::AUTH_VERDICT_OK) {
    ForgetNetworks();
    co_return absl::OkStatus();
  }
  Answer(**found, response);
  co_return absl::OkStatus();
}

Co<absl::Status> Authenticator::GetIdentity(const v1::GetIdentityRequest* request,
                                            v1::GetIdentityResponse* response) {
  response->set_verdict(v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  const std::optional<UserName> name = ParseUserName(request->user());
  if (!name) co_return absl::OkStatus();
  const absl::StatusOr<std::optional<AuthStore::Stored>> found =
      co_await parts_.store->FindUser(*name);
  if (!found.ok()) co_return found.status();
  if (found->has_value() && IsAllowedFrom((*found)->user, request->client_address())) {
    Answer(**found, response);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> Authenticator::CountMessage(const v1::CountMessageRequest* request,
                                             v1::CountMessageResponse* response) {
  if (!ParseUserName(request->user())) co_return absl::InvalidArgumentError("user is no user name");
  absl::StatusOr<RateStore::Answer> answer =
      co_await parts_.rates->Count(request->user(), request->caps());
  if (!answer.ok()) co_return answer.status();
  response->set_most(answer->most);
  response->set_window(std::move(answer->window));
  *response->mutable_retry_after() = rpc::ToProto(answer->retry_after);
  co_return absl::OkStatus();
}

void Authenticator::ForgetNetworks() {
  networks_ = nullptr;
  ++networks_generation_;
}

Co<absl::StatusOr<std::shared_ptr<const NetworkTable>>> Authenticator::Networks() {
  if (networks_ != nullptr) co_return networks_;
  const uint64_t generation = networks_generation_;
  absl::StatusOr<std::vector<NetworkTable::Entry>> entries = co_await parts_.store->OpenNetworks();
  if (!entries.ok()) co_return entries.status();
  auto table = std::make_shared<const NetworkTable>(*std::move(entries));
  // Kept only if the next change is sure to be heard.
  const bool live = changes_ != nullptr && changes_->live();
  if (live && generation == networks_generation_) networks_ = table;
  co_return table;
}

}  // namespace staffetta::auth
