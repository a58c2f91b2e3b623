#include "policy/dependent_users.h"

#include <utility>

#include "common/rpc/client.h"
#include "staffetta/auth/v1/auth.grpc.pb.h"

namespace staffetta::policy {
namespace {

using Auth = rpc::Client<auth::v1::AuthService>;

}  // namespace

struct DependentUsers::Stub {
  Auth client;
};

DependentUsers::DependentUsers() = default;
DependentUsers::~DependentUsers() = default;

void DependentUsers::SetPeer(std::shared_ptr<const rpc::Peer> auth) {
  stub_ = std::make_shared<Stub>(Stub{Auth(std::move(auth))});
}

Co<absl::Status> DependentUsers::Stop(Rights rights, std::string name, std::string reason) {
  for (const std::string& user : UsersThatDependOn(rights, name)) {
    absl::Status status = co_await StopOne(user, reason);
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Co<absl::Status> DependentUsers::StopOne(std::string user, std::string reason) {
  const std::shared_ptr<Stub> stub = stub_;
  if (stub == nullptr) co_return absl::UnavailableError("policy is starting");
  // Deactivating a blocked user would lift the block.
  auth::v1::GetUserRequest look;
  look.set_user(user);
  const absl::StatusOr<auth::v1::GetUserResponse> found =
      co_await stub->client.Call(&Auth::Async::GetUser, std::move(look));
  if (absl::IsNotFound(found.status())) co_return absl::OkStatus();
  if (!found.ok()) co_return found.status();
  if (found->user().status() != auth::v1::USER_STATUS_ACTIVE) co_return absl::OkStatus();

  auth::v1::DeactivateUserRequest stop;
  stop.set_user(user);
  stop.set_reason(reason);
  const absl::StatusOr<auth::v1::DeactivateUserResponse> stopped =
      co_await stub->client.Call(&Auth::Async::DeactivateUser, std::move(stop));
  co_return absl::IsNotFound(stopped.status()) ? absl::OkStatus() : stopped.status();
}

}  // namespace staffetta::policy
