#include "auth/users.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <utility>

#include "auth/user_rules.h"
#include "common/base/ids.h"
#include "common/base/log.h"

namespace staffetta::auth {
namespace {

constexpr int kDefaultPriority = 3;
constexpr int kDefaultPage = 100;
constexpr int kLongestPage = 1000;
// Of these many calls that change one user at the same moment, each gets its turn.
constexpr int kAttempts = 200;

absl::Status NoUser(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no user \"", name, "\""));
}

google::protobuf::Timestamp Timestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t nanos = absl::ToUnixNanos(time);
  timestamp.set_seconds(nanos / 1'000'000'000);
  timestamp.set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  return timestamp;
}

// The fields that the revision stands for: all but the note.
std::string RightsOf(v1::User user) {
  user.clear_note();
  user.clear_update_time();
  return user.SerializeAsString();
}

void ShowSenders(const SenderRights::Senders& senders, v1::User* user) {
  user->clear_senders();
  for (const policy::v1::Sender& sender : senders) user->add_senders(sender.name());
}

std::string StateWord(policy::v1::SenderState state) {
  return absl::AsciiStrToLower(
      policy::v1::SenderState_Name(state).substr(std::string("SENDER_STATE_").size()));
}

// SPEC U5: says which senders, in which state, and what to do.
absl::Status NoneVerified(const std::string& user, const SenderRights::Senders& senders) {
  if (senders.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(user,
                     " has no sender; give it a domain or address of the account, verify "
                     "it, then activate"));
  }
  const std::string list =
      absl::StrJoin(senders, "; ", [](std::string* out, const policy::v1::Sender& sender) {
        absl::StrAppend(out, sender.name(), " is ", StateWord(sender.state()));
        if (!sender.detail().empty()) absl::StrAppend(out, " (", sender.detail(), ")");
      });
  return absl::FailedPreconditionError(absl::StrCat(
      "none of the senders of ", user, " is verified: ", list, ". Verify one, then activate"));
}

// A single cap, "caps.sessions"; false: there is none of that name.
bool ApplyCap(const std::string& path, const v1::Caps& from, v1::Caps* to) {
  if (path == "caps.messages_per_minute") {
    to->set_messages_per_minute(from.messages_per_minute());
  } else if (path == "caps.messages_per_hour") {
    to->set_messages_per_hour(from.messages_per_hour());
  } else if (path == "caps.messages_per_day") {
    to->set_messages_per_day(from.messages_per_day());
  } else if (path == "caps.recipients_per_message") {
    to->set_recipients_per_message(from.recipients_per_message());
  } else if (path == "caps.message_size") {
    to->set_message_size(from.message_size());
  } else if (path == "caps.sessions") {
    to->set_sessions(from.sessions());
  } else {
    return false;
  }
  return true;
}

absl::Status ApplyMask(const v1::UpdateUserRequest& request, v1::User* user) {
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "note") {
      user->set_note(request.user().note());
    } else if (path == "priority") {
      user->set_priority(request.user().priority());
    } else if (path == "type") {
      user->set_type(request.user().type());
    } else if (path == "senders") {
      *user->mutable_senders() = request.user().senders();
    } else if (path == "open_networks") {
      *user->mutable_open_networks() = request.user().open_networks();
    } else if (path == "auth_networks") {
      *user->mutable_auth_networks() = request.user().auth_networks();
    } else if (path == "caps") {
      *user->mutable_caps() = request.user().caps();
    } else if (!ApplyCap(path, request.user().caps(), user->mutable_caps())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "update_mask: \"", path,
          "\" cannot be changed; note, priority, type, senders, open_networks, auth_networks, caps "
          "and its fields can"));
    }
  }
  return CheckUser(*user);
}

bool MaskHas(const v1::UpdateUserRequest& request, const std::string& path) {
  for (const std::string& candidate : request.update_mask().paths()) {
    if (candidate == path) return true;
  }
  return false;
}

}  // namespace

Users::Users(AuthStore* store, DerivationPool* pool, Salts* salts, SenderRights* rights,
             rpc::EventPublisher* events, const Clock* clock)
    : store_(store), pool_(pool), salts_(salts), rights_(rights), events_(events), clock_(clock) {}

Co<absl::Status> Users::CreateUser(const v1::CreateUserRequest* request,
                                   v1::CreateUserResponse* response) {
  v1::User user;
  user.set_account_id(request->account_id());
  user.set_list_id(request->list_id());
  user.set_status(v1::USER_STATUS_INACTIVE);
  user.set_type(request->type() == v1::USER_TYPE_UNSPECIFIED ? v1::USER_TYPE_SMTP
                                                             : request->type());
  user.set_priority(request->priority() == 0 ? kDefaultPriority : request->priority());
  user.set_note(request->note());
  *user.mutable_senders() = request->senders();
  *user.mutable_open_networks() = request->open_networks();
  *user.mutable_auth_networks() = request->auth_networks();
  if (request->has_caps()) *user.mutable_caps() = request->caps();
  user.set_revision(1);
  *user.mutable_update_time() = Timestamp(clock_->Now());
  if (absl::Status status = CheckUser(user); !status.ok()) co_return status;

  const absl::StatusOr<UserName> name = co_await store_->ReserveUserName(user.account_id());
  if (!name.ok()) co_return name.status();
  user.set_user(name->ToString());
  const std::string password = NewToken();
  absl::StatusOr<Verifier> verifier = co_await MakeVerifier(user.user(), password);
  if (!verifier.ok()) co_return verifier.status();

  // Rights first: should the user then not be stored, they are nobody's.
  std::vector<std::string> wanted(user.senders().begin(), user.senders().end());
  if (!wanted.empty()) {
    const absl::StatusOr<SenderRights::Senders> senders =
        co_await rights_->Set(user.account_id(), user.user(), std::move(wanted));
    if (!senders.ok()) co_return senders.status();
    ShowSenders(*senders, &user);
  }
  if (absl::Status status = co_await store_->InsertUser(*name, user, *std::move(verifier));
      !status.ok()) {
    co_return status;
  }
  PublishState(events_, user, "was created, inactive");
  *response->mutable_user() = std::move(user);
  response->set_password(password);
  co_return absl::OkStatus();
}

Co<absl::Status> Users::ListUsers(const v1::ListUsersRequest* request,
                                  v1::ListUsersResponse* response) {
  if (request->page_size() < 0 || request->page_size() > kLongestPage) {
    co_return absl::InvalidArgumentError(absl::StrCat("page_size is not 0 to ", kLongestPage));
  }
  const int size = request->page_size() == 0 ? kDefaultPage : request->page_size();
  std::string after = request->page_token();
  // A page of the store shrinks by the filter: as many more as are needed.
  do {
    absl::StatusOr<AuthStore::Page> page = co_await store_->ListUsers(
        request->account_id(), std::move(after), size - response->users_size());
    if (!page.ok()) co_return page.status();
    for (v1::User& user : page->users) {
      if (request->status() != v1::USER_STATUS_UNSPECIFIED && user.status() != request->status()) {
        continue;
      }
      *response->add_users() = std::move(user);
    }
    after = std::move(page->next);
  } while (!after.empty() && response->users_size() < size);
  response->set_next_page_token(after);
  for (v1::User& user : *response->mutable_users()) {
    if (absl::Status status = co_await AddSenders(&user); !status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Co<absl::Status> Users::GetUser(const v1::GetUserRequest* request, v1::GetUserResponse* response) {
  absl::StatusOr<AuthStore::Stored> stored = co_await Find(request->user());
  if (!stored.ok()) co_return stored.status();
  *response->mutable_user() = std::move(stored->user);
  absl::Status status = co_await AddSenders(response->mutable_user());
  co_return status;
}

Co<absl::Status> Users::UpdateUser(const v1::UpdateUserRequest* request,
                                   v1::UpdateUserResponse* response) {
  if (request->update_mask().paths().empty()) {
    co_return absl::InvalidArgumentError("update_mask is empty: nothing is to be changed");
  }
  const std::string name = request->user().user();
  absl::StatusOr<AuthStore::Stored> stored = co_await Find(name);
  if (!stored.ok()) co_return stored.status();
  if (absl::Status status = ApplyMask(*request, &stored->user); !status.ok()) co_return status;

  bool has_verified = true;
  const bool changes_senders = MaskHas(*request, "senders");
  if (changes_senders) {
    const auto& senders = request->user().senders();
    std::vector<std::string> wanted(senders.begin(), senders.end());
    const absl::StatusOr<SenderRights::Senders> set =
        co_await rights_->Set(stored->user.account_id(), name, std::move(wanted));
    if (!set.ok()) co_return set.status();
    has_verified = AnyVerified(*set);
  }
  absl::StatusOr<Changed> changed =
      co_await Change(name, [request, has_verified, changes_senders](v1::User* user) {
        if (absl::Status status = ApplyMask(*request, user); !status.ok()) return status;
        // Rights changed, though they are kept elsewhere.
        if (changes_senders) user->set_revision(user->revision() + 1);
        user->clear_senders();
        // SPEC U5: its last verified sender went.
        if (!has_verified && user->status() == v1::USER_STATUS_ACTIVE) {
          user->set_status(v1::USER_STATUS_INACTIVE);
        }
        return absl::OkStatus();
      });
  if (!changed.ok()) co_return changed.status();
  if (changed->user.status() != changed->before) {
    PublishState(events_, changed->user, "is inactive: its last verified sender was taken from it");
  }
  *response->mutable_user() = std::move(changed->user);
  co_await TryAddSenders(response->mutable_user());
  co_return absl::OkStatus();
}

Co<absl::Status> Users::ActivateUser(const v1::ActivateUserRequest* request,
                                     v1::ActivateUserResponse* response) {
  const std::string& name = request->user();
  absl::StatusOr<AuthStore::Stored> stored = co_await Find(name);
  if (!stored.ok()) co_return stored.status();
  const uint64_t account_id = stored->user.account_id();
  absl::StatusOr<SenderRights::Senders> senders = co_await rights_->Get(account_id, name);
  if (!senders.ok()) co_return senders.status();
  const bool had_verified = AnyVerified(*senders);
  absl::StatusOr<Changed> changed = co_await Change(name, [had_verified, &senders](v1::User* user) {
    if (user->status() == v1::USER_STATUS_BLOCKED) {
      return absl::FailedPreconditionError(
          absl::StrCat(user->user(), " is blocked: ", user->block_reason(),
                       ". An administrator lifts it by deactivating the user"));
    }
    if (!had_verified) return NoneVerified(user->user(), *senders);
    user->set_status(v1::USER_STATUS_ACTIVE);
    return absl::OkStatus();
  });
  if (!changed.ok()) co_return changed.status();

  // The last verified sender may have gone while this was under way; whoever removed it saw the
  // user still inactive.
  senders = co_await rights_->Get(account_id, name);
  if (senders.ok() && !AnyVerified(*senders)) {
    const absl::StatusOr<Changed> undone = co_await Change(name, [](v1::User* user) {
      if (user->status() == v1::USER_STATUS_ACTIVE) user->set_status(v1::USER_STATUS_INACTIVE);
      return absl::OkStatus();
    });
    co_return undone.ok() ? NoneVerified(name, *senders) : undone.status();
  }
  if (changed->user.status() != changed->before) PublishState(events_, changed->user, "is active");
  *response->mutable_user() = std::move(changed->user);
  if (senders.ok()) ShowSenders(*senders, response->mutable_user());
  co_return absl::OkStatus();
}

Co<absl::Status> Users::DeactivateUser(const v1::DeactivateUserRequest* request,
                                       v1::DeactivateUserResponse* response) {
  absl::StatusOr<Changed> changed = co_await Change(request->user(), [](v1::User* user) {
    user->set_status(v1::USER_STATUS_INACTIVE);
    user->clear_block_reason();
    return absl::OkStatus();
  });
  if (!changed.ok()) co_return changed.status();
  if (changed->user.status() != changed->before) {
    const std::string why = request->reason().empty() ? "" : absl::StrCat(": ", request->reason());
    PublishState(events_, changed->user, absl::StrCat("is inactive", why));
  }
  *response->mutable_user() = std::move(changed->user);
  co_await TryAddSenders(response->mutable_user());
  co_return absl::OkStatus();
}

Co<absl::Status> Users::BlockUser(const v1::BlockUserRequest* request,
                                  v1::BlockUserResponse* response) {
  if (absl::Status status = CheckReason(request->reason()); !status.ok()) co_return status;
  absl::StatusOr<Changed> changed = co_await Change(request->user(), [request](v1::User* user) {
    user->set_status(v1::USER_STATUS_BLOCKED);
    user->set_block_reason(request->reason());
    return absl::OkStatus();
  });
  if (!changed.ok()) co_return changed.status();
  PublishState(events_, changed->user, absl::StrCat("is blocked: ", request->reason()));
  *response->mutable_user() = std::move(changed->user);
  co_await TryAddSenders(response->mutable_user());
  co_return absl::OkStatus();
}

Co<absl::Status> Users::RegeneratePassword(const v1::RegeneratePasswordRequest* request,
                                           v1::RegeneratePasswordResponse* response) {
  const absl::StatusOr<AuthStore::Stored> stored = co_await Find(request->user());
  if (!stored.ok()) co_return stored.status();
  const std::string password = NewToken();
  absl::StatusOr<Verifier> verifier = co_await MakeVerifier(request->user(), password);
  if (!verifier.ok()) co_return verifier.status();
  const absl::StatusOr<Changed> changed = co_await Change(
      request->user(), [](v1::User*) { return absl::OkStatus(); }, *std::move(verifier));
  if (!changed.ok()) co_return changed.status();
  response->set_password(password);
  co_return absl::OkStatus();
}

Co<absl::Status> Users::DeleteUser(const v1::DeleteUserRequest* request, v1::DeleteUserResponse*) {
  const std::string& name = request->user();
  const absl::StatusOr<AuthStore::Stored> stored = co_await Find(name);
  if (!stored.ok()) co_return stored.status();
  const UserName parsed = *ParseUserName(name);
  const absl::StatusOr<bool> deleted = co_await store_->DeleteUser(parsed);
  if (!deleted.ok()) co_return deleted.status();
  if (!*deleted) co_return NoUser(name);
  PublishState(events_, stored->user, "was deleted");
  // Rights of a name that is never given again: tidiness, not safety.
  const absl::StatusOr<SenderRights::Senders> rights =
      co_await rights_->Set(stored->user.account_id(), name, {});
  if (!rights.ok()) {
    log::Warn("auth: senders of deleted user {} stay listed: {}", name,
              std::string(rights.status().message()));
  }
  co_return absl::OkStatus();
}

Co<absl::StatusOr<AuthStore::Stored>> Users::Find(std::string name) {
  const std::optional<UserName> parsed = ParseUserName(name);
  if (!parsed) co_return NoUser(name);
  absl::StatusOr<std::optional<AuthStore::Stored>> found = co_await store_->FindUser(*parsed);
  if (!found.ok()) co_return found.status();
  if (!found->has_value()) co_return NoUser(name);
  co_return **std::move(found);
}

Co<absl::StatusOr<Users::Changed>> Users::Change(std::string name, Edit edit,
                                                 std::optional<Verifier> verifier) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::StatusOr<AuthStore::Stored> stored = co_await Find(name);
    if (!stored.ok()) co_return stored.status();
    v1::User user = stored->user;
    if (absl::Status status = edit(&user); !status.ok()) co_return status;
    const v1::UserStatus before = stored->user.status();
    const bool rights = verifier.has_value() || RightsOf(user) != RightsOf(stored->user);
    if (!rights && user.note() == stored->user.note()) co_return Changed{std::move(user), before};
    if (rights) user.set_revision(stored->user.revision() + 1);
    *user.mutable_update_time() = Timestamp(clock_->Now());
    const absl::StatusOr<bool> replaced =
        co_await store_->Replace(*std::move(stored), user, verifier);
    if (!replaced.ok()) co_return replaced.status();
    if (*replaced) co_return Changed{std::move(user), before};
  }
  co_return absl::AbortedError(absl::StrCat(name, " is being changed by many; try again"));
}

Co<absl::StatusOr<Verifier>> Users::MakeVerifier(std::string user, std::string password) {
  absl::StatusOr<std::string> salt = co_await salts_->Of(std::move(user));
  if (!salt.ok()) co_return salt.status();
  co_return co_await pool_->Make(std::move(password), *std::move(salt));
}

Co<absl::Status> Users::AddSenders(v1::User* user) {
  const absl::StatusOr<SenderRights::Senders> senders =
      co_await rights_->Get(user->account_id(), user->user());
  if (!senders.ok()) co_return senders.status();
  ShowSenders(*senders, user);
  co_return absl::OkStatus();
}

Co<void> Users::TryAddSenders(v1::User* user) {
  const absl::Status status = co_await AddSenders(user);
  if (!status.ok()) {
    log::Warn("auth: answer about {} without senders: {}", user->user(),
              std::string(status.message()));
  }
}

}  // namespace staffetta::auth
