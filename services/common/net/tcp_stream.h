#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "common/base/co.h"
#include "common/net/stream.h"

namespace staffetta::net {

using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

// A Stream over a connected socket. It may be made, moved and destroyed on any thread before its
// first operation or deadline; from then on it stays on the thread of the socket's executor.
std::unique_ptr<Stream> NewTcpStream(TcpSocket socket);

}  // namespace staffetta::net
