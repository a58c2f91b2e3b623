#include "auth/sender_rights.h"

#include <algorithm>
#include <utility>

#include "common/rpc/client.h"
#include "staffetta/policy/v1/policy.grpc.pb.h"

namespace staffetta::auth {
namespace {

using Policy = rpc::Client<policy::v1::PolicyService>;

absl::Status NotStarted() { return absl::UnavailableError("auth is starting"); }

}  // namespace

struct SenderRights::Stub {
  Policy client;
};

SenderRights::SenderRights() = default;
SenderRights::~SenderRights() = default;

void SenderRights::SetPeer(std::shared_ptr<const rpc::Peer> policy) {
  stub_ = std::make_unique<Stub>(Stub{Policy(std::move(policy))});
}

Co<absl::StatusOr<SenderRights::Senders>> SenderRights::Set(uint64_t account_id, std::string user,
                                                            std::vector<std::string> senders) {
  if (stub_ == nullptr) co_return NotStarted();
  policy::v1::SetUserSendersRequest request;
  request.set_account_id(account_id);
  request.set_user(user);
  for (std::string& sender : senders) request.add_senders(std::move(sender));
  const absl::StatusOr<policy::v1::SetUserSendersResponse> response =
      co_await stub_->client.Call(&Policy::Async::SetUserSenders, std::move(request));
  if (!response.ok()) co_return response.status();
  co_return Senders(response->senders().begin(), response->senders().end());
}

Co<absl::StatusOr<SenderRights::Senders>> SenderRights::Get(uint64_t account_id, std::string user) {
  if (stub_ == nullptr) co_return NotStarted();
  policy::v1::GetUserSendersRequest request;
  request.set_account_id(account_id);
  request.set_user(user);
  const absl::StatusOr<policy::v1::GetUserSendersResponse> response =
      co_await stub_->client.Call(&Policy::Async::GetUserSenders, std::move(request));
  if (!response.ok()) co_return response.status();
  co_return Senders(response->senders().begin(), response->senders().end());
}

bool AnyVerified(const SenderRights::Senders& senders) {
  return std::any_of(senders.begin(), senders.end(), [](const policy::v1::Sender& sender) {
    return sender.state() == policy::v1::SENDER_STATE_VERIFIED;
  });
}

}  // namespace staffetta::auth
