#pragma once

// One attempt to reach a Redis: resolve, connect, AUTH and SELECT; where the deployment has
// several servers, also to find the one to talk to.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/co.h"
#include "common/redis/command.h"
#include "common/redis/deployment.h"
#include "common/redis/value.h"

namespace staffetta::redis {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

class Attempt {
 public:
  virtual ~Attempt() = default;
  // `done` is not called any more.
  virtual void Cancel() = 0;
};

// `done` is called once, from the executor and never from within Dial: with a socket ready for
// commands; UNAVAILABLE when another attempt may succeed; PERMISSION_DENIED or INTERNAL with
// Redis's words when it refused AUTH or SELECT.
//   kServer    that server
//   kSentinel  whom the first sentinel that knows names, when it says itself that it is a master
//   kCluster   any of the given nodes that is in touch with the cluster: enough for
//              publish/subscribe, not for commands on keys
std::shared_ptr<Attempt> Dial(Executor executor, const Deployment& deployment,
                              absl::Duration timeout,
                              std::function<void(absl::StatusOr<Socket>)> done);

// What a server is and how it answered the question.
struct Dialed {
  Socket socket;
  Value answer;  // nil without a question; never an error
};

// To one server; `question` is asked last, and an error as its answer fails the attempt.
std::shared_ptr<Attempt> DialServer(Executor executor, const Endpoint& endpoint,
                                    absl::Duration timeout, std::optional<Command> question,
                                    std::function<void(absl::StatusOr<Dialed>)> done);

}  // namespace staffetta::redis
