#include "common/redis/subscriber.h"

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/redis/command.h"
#include "common/redis/dial.h"
#include "common/redis/reply_reader.h"

namespace staffetta::redis {
namespace {

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1000};

std::string Wire(const Command& command) {
  std::string wire;
  command.AppendHeader(wire);
  return wire + command.body();
}

}  // namespace

// Kept alive by its own operations; those of an older epoch are ignored.
class Subscription : public std::enable_shared_from_this<Subscription> {
 public:
  Subscription(Executor executor, Subscriber::Options options, Subscriber::Callbacks callbacks)
      : executor_(executor),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        socket_(executor),
        timer_(executor) {}

  void Connect() {
    attempt_ = Dial(executor_, options_.endpoint, options_.connect_timeout,
                    [self = shared_from_this()](absl::StatusOr<Socket> socket) {
                      self->attempt_ = nullptr;
                      if (!socket.ok()) return self->Retry(socket.status());
                      self->Subscribe(*std::move(socket));
                    });
  }

  void Close() {
    if (closed_) return;
    closed_ = true;
    ++epoch_;
    ErrorCode ignored;
    socket_.close(ignored);
    timer_.cancel();
    if (attempt_ != nullptr) std::exchange(attempt_, nullptr)->Cancel();
  }

 private:
  using ErrorCode = boost::system::error_code;

  void Retry(absl::Status status) {
    ++epoch_;
    ErrorCode ignored;
    socket_.close(ignored);
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    timer_.expires_after(pause_);
    timer_.async_wait([self = shared_from_this(), epoch = epoch_](ErrorCode error) {
      if (!error && epoch == self->epoch_) self->Connect();
    });
    if (callbacks_.on_failure) callbacks_.on_failure(std::move(status));
  }

  void Lost(std::string_view why) {
    Retry(absl::UnavailableError(
        absl::StrCat("subscription at ", options_.endpoint.ToString(), " lost: ", ToAbsl(why))));
  }

  void Subscribe(Socket socket) {
    socket_ = std::move(socket);
    reader_ = std::make_unique<ReplyReader>();
    confirmations_left_ = options_.channels.size();
    Command command("SUBSCRIBE");
    for (const std::string& channel : options_.channels) command.Add(channel);
    Write(Wire(command));
    pinged_ = false;
    AwaitSilence();
    Read();
  }

  void Write(std::string wire) {
    auto shared = std::make_shared<const std::string>(std::move(wire));
    asio::async_write(socket_, asio::buffer(*shared),
                      [self = shared_from_this(), shared, epoch = epoch_](ErrorCode error, size_t) {
                        if (error && epoch == self->epoch_) self->Lost(error.message());
                      });
  }

  void AwaitSilence() {
    timer_.expires_after(absl::ToChronoNanoseconds(options_.idle_timeout));
    timer_.async_wait([self = shared_from_this(), epoch = epoch_](ErrorCode error) {
      if (error || epoch != self->epoch_) return;
      if (self->pinged_) return self->Lost("no answer to PING");
      self->pinged_ = true;
      self->Write(Wire(Command("PING")));
      self->AwaitSilence();
    });
  }

  void Read() {
    socket_.async_read_some(asio::buffer(input_), [self = shared_from_this(), epoch = epoch_](
                                                      ErrorCode error, size_t size) {
      if (epoch != self->epoch_) return;
      if (error) return self->Lost(error.message());
      self->OnInput(size);
    });
  }

  void OnInput(size_t size) {
    reader_->Feed(input_.data(), size);
    pinged_ = false;
    AwaitSilence();
    const uint64_t epoch = epoch_;
    for (;;) {
      absl::StatusOr<std::optional<Value>> reply = reader_->Next();
      if (!reply.ok()) return Lost(ToStd(reply.status().message()));
      if (!reply->has_value()) break;
      if ((*reply)->is_error()) return Retry(ErrorReplyToStatus((*reply)->str()));
      OnPush(**reply);
      if (epoch != epoch_) return;  // the callback has closed us
    }
    Read();
  }

  // ["subscribe", channel, count], ["message", channel, text] or ["pong", ""].
  void OnPush(const Value& push) {
    const std::vector<Value>& parts = push.array();
    if (parts.size() != 3) return;
    if (parts[0].str() == "message") {
      callbacks_.on_message(parts[1].str(), parts[2].str());
    } else if (parts[0].str() == "subscribe" && --confirmations_left_ == 0) {
      pause_ = {};
      if (callbacks_.on_gap) callbacks_.on_gap();
    }
  }

  const Executor executor_;
  const Subscriber::Options options_;
  const Subscriber::Callbacks callbacks_;
  Socket socket_;
  Timer timer_;
  std::shared_ptr<Attempt> attempt_;
  std::unique_ptr<ReplyReader> reader_;
  std::array<char, 16384> input_;
  std::chrono::milliseconds pause_{};
  size_t confirmations_left_ = 0;
  uint64_t epoch_ = 0;
  bool pinged_ = false;
  bool closed_ = false;
};

Subscriber::Subscriber(Executor executor, Options options, Callbacks callbacks)
    : subscription_(
          std::make_shared<Subscription>(executor, std::move(options), std::move(callbacks))) {
  subscription_->Connect();
}

Subscriber::~Subscriber() { Close(); }

void Subscriber::Close() { subscription_->Close(); }

}  // namespace staffetta::redis
