#include "auth/authenticator.h"

#include <utility>

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
}

}  // namespace

Authenticator::Authenticator(AuthStore* store, DerivationPool* pool, Options options)
    : store_(store), pool_(pool), cache_(options.remember, options.remembered, options.clock) {}

// The plan, the same whether or not the user exists:
// - read the user; nobody stands in for one that is not there
// - unless the credential is remembered, derive the keys of the password shown
// - when it is right and was derived, read again: the password may have changed meanwhile
Co<absl::Status> Authenticator::Authenticate(const v1::AuthenticateRequest* request,
                                             v1::AuthenticateResponse* response) {
  response->set_verdict(v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  const UserName name = ParseUserName(request->user()).value_or(kNobody);
  absl::StatusOr<std::optional<AuthStore::Stored>> found = co_await store_->FindUser(name);
  if (!found.ok()) co_return found.status();
  const bool exists = found->has_value() && request->password().size() <= kLongestPassword;
  const Verifier verifier = exists ? (*found)->verifier : DummyVerifier();
  const std::string password = request->password().substr(0, kLongestPassword);
  const std::string key = cache_.KeyOf(request->user(), password, verifier);
  if (exists && cache_.Knows(key)) {
    Answer(**found, response);
    co_return absl::OkStatus();
  }

  const absl::StatusOr<bool> matches = co_await pool_->Matches(verifier, password);
  if (!matches.ok()) co_return matches.status();
  if (!exists || !*matches) co_return absl::OkStatus();
  found = co_await store_->FindUser(name);
  if (!found.ok()) co_return found.status();
  if (!found->has_value() || (*found)->verifier != verifier) co_return absl::OkStatus();
  cache_.Remember(key);
  Answer(**found, response);
  co_return absl::OkStatus();
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

  const absl::StatusOr<std::optional<AuthStore::Stored>> found = co_await store_->FindUser(*name);
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
  const absl::StatusOr<std::optional<AuthStore::Stored>> found = co_await store_->FindUser(*name);
  if (!found.ok()) co_return found.status();
  if (found->has_value()) Answer(**found, response);
  co_return absl::OkStatus();
}

void Authenticator::ForgetNetworks() {
  networks_ = nullptr;
  ++networks_generation_;
}

Co<absl::StatusOr<std::shared_ptr<const NetworkTable>>> Authenticator::Networks() {
  if (networks_ != nullptr) co_return networks_;
  const uint64_t generation = networks_generation_;
  absl::StatusOr<std::vector<NetworkTable::Entry>> entries = co_await store_->OpenNetworks();
  if (!entries.ok()) co_return entries.status();
  auto table = std::make_shared<const NetworkTable>(*std::move(entries));
  // Kept only if the next change is sure to be heard.
  const bool live = changes_ != nullptr && changes_->live();
  if (live && generation == networks_generation_) networks_ = table;
  co_return table;
}

}  // namespace staffetta::auth
