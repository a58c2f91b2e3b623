#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

namespace staffetta::rpc {

// The two status types have the same codes; messages are kept, details are not.
absl::Status FromGrpc(const grpc::Status& status);
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace staffetta::rpc
