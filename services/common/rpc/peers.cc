#include "common/rpc/peers.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/rpc/limits.h"

namespace staffetta::rpc {
namespace {

constexpr int kFirstReconnectMs = 50;
constexpr int kLongestReconnectMs = 1000;
// How long one attempt to connect may take, whatever gRPC's name for it says.
constexpr int kConnectMs = 5000;

}  // namespace

std::shared_ptr<const Peer> RemotePeer(const std::string& endpoint, const std::string& key,
                                       absl::Duration timeout) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The key is for the service alone.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return LocalPeer(
      grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments), key,
      timeout);
}

std::shared_ptr<const Peer> LocalPeer(std::shared_ptr<grpc::Channel> channel,
                                      const std::string& key, absl::Duration timeout,
                                      const DirectMethods* direct) {
  return std::make_shared<Peer>(Peer{std::move(channel), "Bearer " + key, timeout, direct});
}

}  // namespace staffetta::rpc
