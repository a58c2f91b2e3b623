#include "common/net/listener.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "common/base/log.h"
#include "common/net/tcp_stream.h"

namespace staffetta::net {
namespace {

using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kPause(100);

absl::Status CannotBind(const Tcp::endpoint& endpoint, const ErrorCode& error) {
  const asio::ip::address address = endpoint.address();
  const std::string host =
      address.is_v6() ? absl::StrCat("[", address.to_string(), "]") : address.to_string();
  return absl::UnavailableError(
      absl::StrCat(host, ":", endpoint.port(), " cannot be bound: ", error.message()));
}

template <class Acceptor>
ErrorCode Listen(Acceptor& acceptor, const Tcp::endpoint& endpoint) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    ErrorCode ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

Listener::Listener(Acceptor acceptor, uint16_t port)
    : acceptor_(std::move(acceptor)), port_(port), pause_(acceptor_.get_executor()) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(Executor executor,
                                                         const std::string& address,
                                                         uint16_t port) {
  ErrorCode error;
  Tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
  if (error) return absl::InvalidArgumentError(absl::StrCat("no address: \"", address, "\""));
  Acceptor acceptor(executor);
  error = Listen(acceptor, endpoint);
  if ((error == asio::error::address_family_not_supported ||
       error == boost::system::errc::address_not_available) &&
      endpoint.address() == asio::ip::address_v6::any()) {
    endpoint.address(asio::ip::address_v4::any());
    error = Listen(acceptor, endpoint);
  }
  if (error) return CannotBind(endpoint, error);
  const uint16_t bound = acceptor.local_endpoint(error).port();
  if (error) return CannotBind(endpoint, error);
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), bound));
}

Co<void> Listener::Run(std::function<Executor()> choose,
                       std::function<void(Executor, std::unique_ptr<Stream>)> accepted) {
  bool short_of_something = false;
  while (acceptor_.is_open()) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    const Executor executor = choose();
    ErrorCode error;
    TcpSocket socket =
        co_await acceptor_.async_accept(executor, asio::redirect_error(use_co, error));
    if (!error) {
      short_of_something = false;
      accepted(executor, NewTcpStream(std::move(socket)));
      continue;
    }
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
    // The connection that ended in the queue is used up; all else would come again at once.
    if (error == asio::error::connection_aborted) continue;
    if (!std::exchange(short_of_something, true)) {
      log::Warn("port {}: connections have to wait: {}", port_, error.message());
    }
    pause_.expires_after(kPause);
    co_await pause_.async_wait(asio::redirect_error(use_co, error));
  }
}

void Listener::Close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace staffetta::net
