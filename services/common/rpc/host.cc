#include "common/rpc/host.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "common/rpc/limits.h"

namespace staffetta::rpc {
namespace {

constexpr int kMaxMetadataBytes = 16 << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<Host>> Host::Start(const std::string& endpoint,
                                                  const std::vector<grpc::Service*>& services) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(endpoint, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  for (grpc::Service* service : services) builder.RegisterService(service);

  std::unique_ptr<Host> host(new Host);
  host->server_ = builder.BuildAndStart();
  if (!host->server_) {
    return absl::UnavailableError(absl::StrCat("gRPC cannot listen on ", endpoint,
                                               "; is it in use? Choose another with grpc.listen"));
  }
  host->endpoint_ = endpoint;
  const size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with("unix:")) {
    host->endpoint_ = absl::StrCat(endpoint.substr(0, colon + 1), port);
  }
  return host;
}

std::shared_ptr<grpc::Channel> Host::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return server_->InProcessChannel(arguments);
}

void Host::Shutdown(absl::Duration grace) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  server_->Wait();
}

}  // namespace staffetta::rpc
