#include "policy/senders.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "policy/ownership.h"
#include "policy/timestamp.h"

namespace staffetta::policy {

Senders::Senders(PolicyStore* store, RightsCache* cache, net::Resolver* resolver,
                 DependentUsers* users, rpc::EventPublisher* events, Options options)
    : store_(store),
      cache_(cache),
      resolver_(resolver),
      users_(users),
      events_(events),
      options_(std::move(options)) {}

Co<absl::Status> Senders::AddSender(const v1::AddSenderRequest* request,
                                    v1::AddSenderResponse* response) {
  absl::StatusOr<v1::Sender> sender = New(request->account_id(), request->name());
  if (!sender.ok()) co_return sender.status();
  const std::string name = sender->name();
  std::vector<v1::Sender> added{*std::move(sender)};
  absl::Status status = co_await store_->AddSenders(request->account_id(), std::move(added));
  cache_->Drop(request->account_id());
  if (!status.ok()) co_return status;
  absl::StatusOr<Found> found = co_await Find(request->account_id(), name);
  if (!found.ok()) co_return found.status();
  *response->mutable_sender() = Effective(found->rights, found->sender);
  co_return absl::OkStatus();
}

Co<absl::Status> Senders::ListSenders(const v1::ListSendersRequest* request,
                                      v1::ListSendersResponse* response) {
  const absl::StatusOr<Rights> rights = co_await store_->Load(request->account_id());
  if (!rights.ok()) co_return rights.status();
  for (const auto& [name, sender] : rights->senders) {
    *response->add_senders() = Effective(*rights, sender);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> Senders::GetSender(const v1::GetSenderRequest* request,
                                    v1::GetSenderResponse* response) {
  const absl::StatusOr<Found> found = co_await Find(request->account_id(), request->name());
  if (!found.ok()) co_return found.status();
  *response->mutable_sender() = Effective(found->rights, found->sender);
  co_return absl::OkStatus();
}

Co<absl::Status> Senders::VerifySender(const v1::VerifySenderRequest* request,
                                       v1::VerifySenderResponse* response) {
  const absl::StatusOr<Found> found = co_await Find(request->account_id(), request->name());
  if (!found.ok()) co_return found.status();
  const v1::Sender& old = found->sender;
  *response->mutable_sender() = Effective(found->rights, old);
  if (response->sender().state() == v1::SENDER_STATE_BANNED) {
    co_return absl::FailedPreconditionError(
        absl::StrCat(old.name(), " is banned: ", response->sender().detail()));
  }
  v1::Sender now = old;
  std::optional<absl::Duration> recheck_in;
  if (request->by_operator()) {
    now.set_state(v1::SENDER_STATE_VERIFIED);
    now.set_method("operator");
    now.set_detail("verified by the operator's word");
  } else if (old.record_name().empty()) {
    co_return absl::OkStatus();  // an address: its detail says what to do
  } else {
    const absl::StatusOr<Proof> proof = co_await LookUp(resolver_, old);
    if (!proof.ok()) co_return proof.status();
    now.set_detail(proof->detail);
    if (proof->found) {
      now.set_state(v1::SENDER_STATE_VERIFIED);
      now.set_method("dns");
      recheck_in = options_.recheck_every;
    } else if (old.state() == v1::SENDER_STATE_VERIFIED) {
      // Only the daily look may end what is verified; storing would reset its count.
      response->mutable_sender()->set_detail(proof->detail);
      co_return absl::OkStatus();
    } else if (old.state() == v1::SENDER_STATE_PENDING) {
      now.set_state(v1::SENDER_STATE_FAILED);
    }
  }
  absl::StatusOr<v1::Sender> stored = co_await Store(old, std::move(now), recheck_in);
  if (!stored.ok()) co_return stored.status();
  *response->mutable_sender() = *std::move(stored);
  co_return absl::OkStatus();
}

Co<absl::Status> Senders::RemoveSender(const v1::RemoveSenderRequest* request,
                                       v1::RemoveSenderResponse*) {
  const uint64_t account_id = request->account_id();
  const absl::StatusOr<Found> found = co_await Find(account_id, request->name());
  if (!found.ok()) co_return found.status();
  const std::string name = found->sender.name();
  const std::string reason = absl::StrCat("its last verified sender, ", name, ", was removed");
  absl::Status status = co_await users_->Stop(found->rights, name, reason);
  if (!status.ok()) co_return status;
  status = co_await store_->Remove(account_id, name);
  cache_->Drop(account_id);
  if (!status.ok()) co_return status;
  PublishState(events_, found->sender, "was removed");
  // Whoever was activated between the two steps.
  status = co_await users_->Stop(found->rights, name, reason);
  co_return status;
}

Co<absl::Status> Senders::SetUserSenders(const v1::SetUserSendersRequest* request,
                                         v1::SetUserSendersResponse* response) {
  if (request->user().empty()) co_return absl::InvalidArgumentError("user is empty");
  std::vector<v1::Sender> senders;
  for (const std::string& name : request->senders()) {
    absl::StatusOr<v1::Sender> sender = New(request->account_id(), name);
    if (!sender.ok()) co_return sender.status();
    senders.push_back(*std::move(sender));
  }
  const absl::Status status =
      co_await store_->SetUser(request->account_id(), request->user(), std::move(senders));
  cache_->Drop(request->account_id());
  if (!status.ok()) co_return status;
  const absl::StatusOr<Rights> rights = co_await store_->Load(request->account_id());
  if (!rights.ok()) co_return rights.status();
  for (v1::Sender& sender : SendersOf(*rights, request->user())) {
    *response->add_senders() = std::move(sender);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> Senders::GetUserSenders(const v1::GetUserSendersRequest* request,
                                         v1::GetUserSendersResponse* response) {
  const absl::StatusOr<Rights> rights = co_await store_->Load(request->account_id());
  if (!rights.ok()) co_return rights.status();
  for (v1::Sender& sender : SendersOf(*rights, request->user())) {
    *response->add_senders() = std::move(sender);
  }
  co_return absl::OkStatus();
}

Co<absl::StatusOr<Senders::Found>> Senders::Find(uint64_t account_id, std::string name) {
  const absl::StatusOr<SenderName> parsed = ParseSenderName(name);
  if (!parsed.ok()) co_return parsed.status();
  absl::StatusOr<Rights> rights = co_await store_->Load(account_id);
  if (!rights.ok()) co_return rights.status();
  const auto found = rights->senders.find(parsed->name);
  if (found == rights->senders.end()) {
    co_return absl::NotFoundError(
        absl::StrCat("account ", account_id, " has no sender ", parsed->name));
  }
  v1::Sender sender = found->second;
  co_return Found{*std::move(rights), std::move(sender)};
}

absl::StatusOr<v1::Sender> Senders::New(uint64_t account_id, const std::string& name) const {
  if (account_id == 0) return absl::InvalidArgumentError("account_id is missing");
  const absl::StatusOr<SenderName> parsed = ParseSenderName(name);
  if (!parsed.ok()) return parsed.status();
  v1::Sender sender = NewSender(account_id, parsed->name, parsed->is_address(), options_.label);
  *sender.mutable_update_time() = Timestamp(options_.clock->Now());
  return sender;
}

Co<absl::StatusOr<v1::Sender>> Senders::Store(v1::Sender old, v1::Sender now,
                                              std::optional<absl::Duration> recheck_in) {
  const bool changed = now.state() != old.state();
  if (changed) *now.mutable_update_time() = Timestamp(options_.clock->Now());
  const uint64_t account_id = now.account_id();
  const absl::StatusOr<bool> replaced = co_await store_->Replace(std::move(old), now, recheck_in);
  cache_->Drop(account_id);
  if (!replaced.ok()) co_return replaced.status();
  if (!*replaced) {
    co_return absl::AbortedError(
        absl::StrCat(now.name(), " was changed at the same moment; try again"));
  }
  if (changed && now.state() == v1::SENDER_STATE_VERIFIED) {
    PublishState(events_, now, absl::StrCat("is verified: ", now.detail()));
  } else if (changed) {
    PublishState(events_, now, absl::StrCat("could not be verified: ", now.detail()));
  }
  co_return now;
}

}  // namespace staffetta::policy
