#pragma once

#include <absl/time/time.h>
#include <grpcpp/channel.h>

#include <map>
#include <memory>
#include <string>

namespace staffetta::rpc {

class DirectMethods;

// A way to a service: where, with which key, how patiently. Thread-safe, shared by clients.
struct Peer {
  std::shared_ptr<grpc::Channel> channel;
  // Value of the authorization metadata.
  std::string authorization;
  // Deadline of a call that names none.
  absl::Duration timeout;
  // What is called without the channel, because it is in this process (common/rpc/direct.h); null:
  // nothing.
  const DirectMethods* direct = nullptr;
};

// A peer across the network or a Unix socket ("host:port", "unix:/path"). Connects when first
// called and again, within a second, after a loss.
std::shared_ptr<const Peer> RemotePeer(const std::string& endpoint, const std::string& key,
                                       absl::Duration timeout);

// A peer in this process. `direct` outlives it.
std::shared_ptr<const Peer> LocalPeer(std::shared_ptr<grpc::Channel> channel,
                                      const std::string& key, absl::Duration timeout,
                                      const DirectMethods* direct = nullptr);

}  // namespace staffetta::rpc
