#include "common/net/tcp_stream.h"

#include <absl/strings/str_cat.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <utility>

#include "common/base/text.h"
#include "common/net/tls_context.h"
#include "common/net/tls_layer.h"

namespace staffetta::net {
namespace {

using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr SteadyTime kNever = SteadyTime::max();
// What a peer still sends after our last words is read over up to here.
constexpr size_t kMostWaste = 1 << 20;

// A client of a dual-stack socket looks like what it is.
asio::ip::address Unmapped(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

// What a stream and its timer's handler share: the handler may run after the stream is gone.
//
// A deadline is only a stored time. One timer wakes at or before it, finds that it has moved and
// sleeps again; it is set anew at once only for a deadline that comes before its waking. While
// nothing runs a passed deadline does no harm: the next one replaces it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(TcpSocket s) : socket(std::move(s)), timer_(socket.get_executor()) {}

  void SetDeadline(absl::Duration from_now) {
    deadline_ = from_now >= absl::Hours(24 * 365)
                    ? kNever
                    : std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(from_now);
    if (deadline_ < wakes_) Arm();
  }

  // OK: the operation may start; End must follow.
  absl::Status Begin() {
    if (closed_) return absl::CancelledError("the stream is closed");
    if (deadline_ != kNever && !expired_) {
      if (std::chrono::steady_clock::now() >= deadline_) {
        Expire();
      } else if (wakes_ == kNever) {
        Arm();
      }
    }
    if (expired_) return absl::DeadlineExceededError("the deadline passed");
    ++running_;
    return absl::OkStatus();
  }

  absl::Status End(const ErrorCode& error) {
    --running_;
    if (!error) return absl::OkStatus();
    if (expired_) return absl::DeadlineExceededError("the deadline passed");
    if (closed_ || error == asio::error::operation_aborted) {
      return absl::CancelledError("the operation was cancelled");
    }
    if (error == asio::error::eof) {
      return absl::OutOfRangeError("the peer closed the connection");
    }
    return absl::UnavailableError(error.message());
  }

  void Close() {
    closed_ = true;
    CloseSocket();
    timer_.cancel();
  }

  TcpSocket socket;

 private:
  void Arm() {
    wakes_ = deadline_;
    timer_.expires_at(wakes_);
    timer_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
      if (error) return;
      if (const auto self = weak.lock()) self->OnTimer();
    });
  }

  void OnTimer() {
    wakes_ = kNever;
    if (closed_ || running_ == 0 || deadline_ == kNever) return;
    if (std::chrono::steady_clock::now() < deadline_) return Arm();
    Expire();
  }

  void Expire() {
    expired_ = true;
    CloseSocket();
  }

  void CloseSocket() {
    ErrorCode ignored;
    socket.close(ignored);
  }

  Timer timer_;
  SteadyTime deadline_ = kNever;
  SteadyTime wakes_ = kNever;  // never: no wait is pending, or none that matters
  int running_ = 0;
  bool expired_ = false;
  bool closed_ = false;
};

class TcpStream final : public Stream {
 public:
  explicit TcpStream(TcpSocket socket)
      : connection_(std::make_shared<Connection>(std::move(socket))) {
    if (socket_().is_open()) OnConnected();
  }
  ~TcpStream() override { connection_->Close(); }

  Co<absl::Status> Connect(Tcp::endpoint endpoint) {
    absl::Status status = connection_->Begin();
    if (!status.ok()) co_return status;
    ErrorCode error;
    co_await socket_().async_connect(endpoint, asio::redirect_error(use_co, error));
    status = connection_->End(error);
    if (status.ok()) OnConnected();
    co_return status;
  }

  Co<absl::StatusOr<size_t>> ReadSome(char* data, size_t size) override {
    absl::Status status = connection_->Begin();
    if (!status.ok()) co_return status;
    ErrorCode error;
    size_t got = 0;
    // Never without a turn of the event loop, so that a fast peer does not starve the others.
    if (tls_layer_ != nullptr) {
      error = co_await tls_layer_->Read(data, size, &got);
    } else {
      got = co_await socket_().async_read_some(asio::buffer(data, size),
                                               asio::redirect_error(use_co, error));
    }
    status = connection_->End(error);
    if (!status.ok()) co_return status;
    co_return got;
  }

  Co<absl::Status> Write(std::string_view data) override { return WriteAll(data, Follows::kNo); }

  void SetDeadline(absl::Duration from_now) override { connection_->SetDeadline(from_now); }

  Co<absl::Status> AcceptTls(std::shared_ptr<const TlsContext> context) override {
    return Handshake(std::move(context), TlsLayer::Side::kServer, "");
  }

  Co<absl::Status> ConnectTls(std::shared_ptr<const TlsContext> context,
                              std::string server_name) override {
    return Handshake(std::move(context), TlsLayer::Side::kClient, std::move(server_name));
  }

  std::optional<TlsInfo> tls() const override { return tls_; }
  std::optional<std::string> channel_binding(ChannelBinding kind) const override {
    if (!tls_) return std::nullopt;
    return tls_layer_->Binding(kind);
  }
  asio::ip::address peer_address() const override { return peer_; }
  asio::ip::address local_address() const override { return local_; }
  uint16_t local_port() const override { return local_port_; }

  bool HasInput() const override {
    if (tls_layer_ != nullptr && tls_layer_->HasInput()) return true;
    ErrorCode ignored;
    return connection_->socket.available(ignored) > 0;
  }

  void Interrupt() override {
    ErrorCode ignored;
    socket_().cancel(ignored);
  }

  Co<absl::Status> Finish(std::string last_words, absl::Duration at_most) override {
    absl::Status written = co_await WriteAll(last_words, Follows::kEnd);
    if (!written.ok()) {
      Close();
      co_return written;
    }
    SetDeadline(at_most);
    if (tls_layer_ != nullptr) tls_layer_->SayEnd();
    ErrorCode error;
    socket_().shutdown(TcpSocket::shutdown_send, error);
    size_t wasted = 0;
    while (at_most > absl::ZeroDuration() && !error && wasted < kMostWaste &&
           connection_->Begin().ok()) {
      std::array<char, 1024> waste;
      wasted += co_await socket_().async_read_some(asio::buffer(waste),
                                                   asio::redirect_error(use_co, error));
      if (!connection_->End(error).ok()) break;
    }
    Close();
    co_return absl::OkStatus();
  }

  void Close() override { connection_->Close(); }

 private:
  TcpSocket& socket_() { return connection_->socket; }

  // What the kernel may wait for before it sends: the end of the connection.
  enum class Follows { kNo, kEnd };

  Co<absl::Status> WriteAll(std::string_view data, Follows follows) {
    const absl::Status status = connection_->Begin();
    if (!status.ok()) co_return status;
    ErrorCode error;
    if (tls_layer_ != nullptr) {
      if (follows == Follows::kEnd) tls_layer_->HoldBack();
      error = co_await tls_layer_->Write(data);
      co_return connection_->End(error);
    }
    // Most writes fit into the socket's buffer and need no turn of the event loop.
    const int flags = follows == Follows::kEnd ? MSG_MORE : 0;
    while (!data.empty() && !error) {
      const size_t written = socket_().send(asio::buffer(data), flags, error);
      data.remove_prefix(written);
      if (error != asio::error::would_block) continue;
      const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) {
        error = asio::error::operation_aborted;
        break;
      }
      co_await socket_().async_wait(TcpSocket::wait_write, asio::redirect_error(use_co, error));
    }
    co_return connection_->End(error);
  }

  void OnConnected() {
    ErrorCode ignored;
    socket_().non_blocking(true, ignored);
    socket_().set_option(Tcp::no_delay(true), ignored);
    // A peer that is gone already leaves the unspecified address; the first operation fails.
    peer_ = Unmapped(socket_().remote_endpoint(ignored).address());
    const Tcp::endpoint local = socket_().local_endpoint(ignored);
    local_ = Unmapped(local.address());
    local_port_ = local.port();
  }

  // Asks for the server of this name, and has its certificate checked for it (RFC 6125).
  static void Expect(const std::string& server_name, SSL* ssl) {
    if (server_name.empty()) return;
    ErrorCode error;
    asio::ip::make_address(server_name, error);
    if (!error) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str());
      return;
    }
    SSL_set_tlsext_host_name(ssl, server_name.c_str());
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, server_name.c_str());
  }

  Co<absl::Status> Handshake(std::shared_ptr<const TlsContext> context, TlsLayer::Side side,
                             std::string server_name) {
    if (tls_layer_ != nullptr) {
      co_return absl::FailedPreconditionError("the stream is in TLS already");
    }
    absl::Status status = connection_->Begin();
    if (!status.ok()) co_return status;
    tls_context_ = std::move(context);
    tls_layer_ = std::make_unique<TlsLayer>(&socket_(), tls_context_->ssl(), side);
    SSL* const ssl = tls_layer_->ssl();
    if (side == TlsLayer::Side::kClient) Expect(server_name, ssl);
    ErrorCode error = co_await tls_layer_->Handshake();
    status = connection_->End(error);
    if (absl::IsOutOfRange(status) || absl::IsUnavailable(status)) {
      co_return absl::UnavailableError(absl::StrCat("TLS handshake: ", status.message()));
    }
    if (status.ok()) {
      const bool verified = side == TlsLayer::Side::kClient && !server_name.empty() &&
                            SSL_get_verify_result(ssl) == X509_V_OK;
      tls_ = TlsInfo{SSL_get_version(ssl), SSL_get_cipher_name(ssl), verified};
    }
    co_return status;
  }

  const std::shared_ptr<Connection> connection_;
  std::shared_ptr<const TlsContext> tls_context_;
  std::unique_ptr<TlsLayer> tls_layer_;
  std::optional<TlsInfo> tls_;
  asio::ip::address peer_;
  asio::ip::address local_;
  uint16_t local_port_ = 0;
};

}  // namespace

std::unique_ptr<Stream> NewTcpStream(TcpSocket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

Co<absl::StatusOr<std::unique_ptr<Stream>>> Connect(asio::ip::address address, uint16_t port,
                                                    absl::Duration timeout) {
  const Executor executor = co_await asio::this_coro::executor;
  auto stream = std::make_unique<TcpStream>(TcpSocket(executor));
  stream->SetDeadline(timeout);
  const absl::Status status = co_await stream->Connect(Tcp::endpoint(address, port));
  if (!status.ok()) co_return status;
  stream->SetDeadline(absl::InfiniteDuration());
  co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace staffetta::net
