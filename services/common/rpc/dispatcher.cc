#include "common/rpc/dispatcher.h"

#include <exception>

#include "common/base/log.h"
#include "common/base/secret.h"

namespace staffetta::rpc {

Dispatcher::Dispatcher(Executor executor, std::string key, std::string name)
    : executor_(executor), authorization_("Bearer " + key), group_(executor, std::move(name)) {}

Co<absl::Status> Dispatcher::Guarded(Co<absl::Status> handler) {
  co_await asio::this_coro::throw_if_cancelled(false);
  try {
    co_return co_await std::move(handler);
  } catch (const std::exception& e) {
    log::Error("a handler ended by an exception: {}", e.what());
    co_return absl::InternalError("internal error; the service's log says more");
  }
}

Co<void> Dispatcher::Drain() {
  group_.Cancel();
  co_await group_.Wait();
}

bool Dispatcher::Admits(const grpc::CallbackServerContext& context) const {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  return found != metadata.end() &&
         ConstantTimeEquals({found->second.data(), found->second.size()}, authorization_);
}

grpc::Status Dispatcher::Unauthenticated() {
  return {grpc::StatusCode::UNAUTHENTICATED,
          "the call carries no valid key; send the operator key as metadata "
          "\"authorization: Bearer KEY\" (the CLI: --key-file or STAFFETTA_KEY)"};
}

}  // namespace staffetta::rpc
