#pragma once

// One attempt to reach a Redis: resolve, connect, AUTH and SELECT.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/co.h"
#include "common/redis/endpoint.h"

namespace staffetta::redis {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

class Attempt;

// `done` is called once, from the executor and never from within Dial: with a socket ready for
// commands; UNAVAILABLE when another attempt may succeed; PERMISSION_DENIED or INTERNAL with
// Redis's words when it refused AUTH or SELECT.
std::shared_ptr<Attempt> Dial(Executor executor, const Endpoint& endpoint, absl::Duration timeout,
                              std::function<void(absl::StatusOr<Socket>)> done);

// `done` is not called any more.
void CancelDial(const std::shared_ptr<Attempt>& attempt);

}  // namespace staffetta::redis
