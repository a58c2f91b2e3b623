#include "common/redis/dial.h"

#include <sys/un.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/text.h"
#include "common/redis/command.h"
#include "common/redis/reply_reader.h"
#include "common/redis/search.h"

namespace staffetta::redis {

using ErrorCode = boost::system::error_code;
using Address = asio::generic::stream_protocol::endpoint;

namespace {

class ServerAttempt : public Attempt, public std::enable_shared_from_this<ServerAttempt> {
 public:
  ServerAttempt(Executor executor, const Endpoint& endpoint, std::optional<Command> question,
                std::function<void(absl::StatusOr<Dialed>)> done)
      : endpoint_(endpoint),
        question_(std::move(question)),
        done_(std::move(done)),
        socket_(executor),
        resolver_(executor),
        timer_(executor) {}

  void Start(absl::Duration timeout) {
    timer_.expires_after(absl::ToChronoNanoseconds(timeout));
    timer_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error) self->Finish(self->Failed("no answer in time"));
    });
    if (endpoint_.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
      asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->Finish(absl::InvalidArgumentError("the path of the Unix socket is too long"));
      });
      return;
    }
    if (!endpoint_.unix_path.empty()) {
      addresses_.push_back(asio::local::stream_protocol::endpoint(endpoint_.unix_path));
      ConnectNext();
      return;
    }
    resolver_.async_resolve(
        endpoint_.host, std::to_string(endpoint_.port),
        [self = shared_from_this()](ErrorCode error, asio::ip::tcp::resolver::results_type found) {
          if (self->done_ == nullptr) return;
          if (error) return self->Finish(self->Failed(error.message()));
          for (const auto& entry : found) self->addresses_.push_back(Address(entry.endpoint()));
          self->ConnectNext();
        });
  }

  void Cancel() override {
    done_ = nullptr;
    ErrorCode ignored;
    socket_.close(ignored);
    resolver_.cancel();
    timer_.cancel();
  }

 private:
  absl::Status Failed(std::string_view why) const {
    return absl::UnavailableError(
        absl::StrCat("cannot connect to Redis at ", endpoint_.ToString(), ": ", ToAbsl(why)));
  }

  void Finish(absl::Status status) {
    if (done_ == nullptr) return;
    auto done = std::move(done_);
    Socket socket = std::move(socket_);
    Cancel();
    if (status.ok()) return done(Dialed{std::move(socket), std::move(last_reply_)});
    done(std::move(status));
  }

  void ConnectNext() {
    if (next_ == addresses_.size()) return Finish(Failed(last_error_));
    ErrorCode ignored;
    socket_.close(ignored);
    socket_.async_connect(addresses_[next_++], [self = shared_from_this()](ErrorCode error) {
      if (self->done_ == nullptr) return;
      if (error) {
        self->last_error_ = error.message();
        return self->ConnectNext();
      }
      self->Greet();
    });
  }

  void Greet() {
    if (endpoint_.unix_path.empty()) {
      ErrorCode ignored;
      socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
      socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    }
    if (!endpoint_.password.empty()) {
      Command auth("AUTH");
      if (!endpoint_.username.empty()) auth.Add(endpoint_.username);
      Queue(auth.Add(endpoint_.password));
    }
    if (endpoint_.database != 0) Queue(Command("SELECT", endpoint_.database));
    if (question_.has_value()) Queue(*question_);
    if (replies_left_ == 0) return Finish(absl::OkStatus());
    asio::async_write(socket_, asio::buffer(greeting_),
                      [self = shared_from_this()](ErrorCode error, size_t) {
                        if (self->done_ == nullptr) return;
                        if (error) return self->Finish(self->Failed(error.message()));
                        self->ReadReplies();
                      });
  }

  void Queue(const Command& command) {
    command.AppendHeader(greeting_);
    greeting_ += command.body();
    ++replies_left_;
  }

  void ReadReplies() {
    socket_.async_read_some(asio::buffer(input_),
                            [self = shared_from_this()](ErrorCode error, size_t size) {
                              if (self->done_ == nullptr) return;
                              if (error) return self->Finish(self->Failed(error.message()));
                              self->OnInput(size);
                            });
  }

  void OnInput(size_t size) {
    reader_.Feed(input_.data(), size);
    while (replies_left_ > 0) {
      absl::StatusOr<std::optional<Value>> reply = reader_.Next();
      if (!reply.ok()) return Finish(Failed(ToStd(reply.status().message())));
      if (!reply->has_value()) return ReadReplies();
      if ((*reply)->is_error()) {
        const absl::Status status = ErrorReplyToStatus((*reply)->str());
        return Finish(absl::Status(status.code(), absl::StrCat("Redis at ", endpoint_.ToString(),
                                                               ": ", status.message())));
      }
      --replies_left_;
      last_reply_ = **std::move(reply);
    }
    Finish(absl::OkStatus());
  }

  const Endpoint endpoint_;
  const std::optional<Command> question_;
  std::function<void(absl::StatusOr<Dialed>)> done_;  // null: the attempt is over
  Socket socket_;
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver_;
  Timer timer_;
  std::vector<Address> addresses_;
  size_t next_ = 0;
  std::string last_error_ = "the name has no address";
  std::string greeting_;
  size_t replies_left_ = 0;
  Value last_reply_;
  std::array<char, 512> input_;
  ReplyReader reader_;
};

}  // namespace

std::shared_ptr<Attempt> DialServer(Executor executor, const Endpoint& endpoint,
                                    absl::Duration timeout, std::optional<Command> question,
                                    std::function<void(absl::StatusOr<Dialed>)> done) {
  auto attempt =
      std::make_shared<ServerAttempt>(executor, endpoint, std::move(question), std::move(done));
  attempt->Start(timeout);
  return attempt;
}

std::shared_ptr<Attempt> Dial(Executor executor, const Deployment& deployment,
                              absl::Duration timeout,
                              std::function<void(absl::StatusOr<Socket>)> done) {
  if (deployment.kind != Deployment::Kind::kServer) {
    return Search(executor, deployment, timeout, std::move(done));
  }
  return DialServer(executor, deployment.endpoints.front(), timeout, std::nullopt,
                    [done = std::move(done)](absl::StatusOr<Dialed> dialed) {
                      if (!dialed.ok()) return done(dialed.status());
                      done(std::move(dialed->socket));
                    });
}

}  // namespace staffetta::redis
