#include "common/net/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <cerrno>
#include <future>
#include <vector>

#include "common/base/await.h"
#include "common/base/runtime.h"

namespace {

bool without_descriptors = false;
int accepts_without_descriptors = 0;

}  // namespace

// In place of the C library's, for a process that has no descriptors left. A real limit would hit
// the sanitizers too: they open pipes to look at objects.
extern "C" int accept(int listening, sockaddr* address, socklen_t* size) {
  if (!without_descriptors) return ::accept4(listening, address, size, 0);
  ++accepts_without_descriptors;
  errno = EMFILE;
  return -1;
}

namespace staffetta::net {
namespace {

// SPEC S1
TEST(ListenerTest, APortThatCannotBeBoundIsNamedWithTheReason) {
  asio::io_context io{1};
  const auto first = Listener::Bind(io.get_executor(), "127.0.0.1", 0);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = Listener::Bind(io.get_executor(), "127.0.0.1", (*first)->port());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      std::string(second.status().message()),
      "127.0.0.1:" + std::to_string((*first)->port()) + " cannot be bound: Address already in use");
  EXPECT_EQ(Listener::Bind(io.get_executor(), "localhost", 0).status().code(),
            absl::StatusCode::kInvalidArgument);
}

class RunningListenerTest : public testing::Test {
 protected:
  RunningListenerTest() : listener_(*Listener::Bind(io_.get_executor(), "::", 0)) {
    asio::co_spawn(io_,
                   listener_->Run([this] { return io_.get_executor(); },
                                  [this](Executor, std::unique_ptr<Stream> stream) {
                                    accepted_.push_back(std::move(stream));
                                  }),
                   asio::bind_cancellation_slot(signal_.slot(), [this](std::exception_ptr error) {
                     EXPECT_FALSE(error);
                     ended_ = true;
                   }));
  }
  ~RunningListenerTest() override {
    listener_->Close();
    RunUntil([this] { return ended_; });
  }

  template <class Condition>
  void RunUntil(Condition condition) {
    io_.restart();
    while (!condition() && io_.run_one() > 0) {
    }
  }

  asio::io_context io_{1};
  std::unique_ptr<Listener> listener_;
  asio::cancellation_signal signal_;
  std::vector<std::unique_ptr<Stream>> accepted_;
  bool ended_ = false;
};

TEST_F(RunningListenerTest, Ipv4ClientsOfADualStackPortLookLikeIpv4) {
  auto client =
      Await(io_, Connect(asio::ip::make_address("127.0.0.1"), listener_->port(), absl::Seconds(5)));
  ASSERT_TRUE(client.ok()) << client.status();
  RunUntil([this] { return accepted_.size() == 1; });
  EXPECT_EQ(accepted_[0]->peer_address().to_string(), "127.0.0.1");
  EXPECT_EQ(accepted_[0]->local_address().to_string(), "127.0.0.1");
  EXPECT_EQ(accepted_[0]->local_port(), listener_->port());
}

TEST_F(RunningListenerTest, CloseAndCancellationEndIt) {
  io_.poll();
  signal_.emit(asio::cancellation_type::terminal);
  RunUntil([this] { return ended_; });
  EXPECT_TRUE(ended_);
}

// SPEC S6
TEST_F(RunningListenerTest, WithoutDescriptorsItWaitsAndThenGoesOn) {
  asio::ip::tcp::socket client(io_);
  client.open(asio::ip::tcp::v4());
  client.connect({asio::ip::address_v4::loopback(), listener_->port()});
  without_descriptors = true;
  io_.restart();
  io_.run_for(std::chrono::milliseconds(350));
  without_descriptors = false;
  EXPECT_TRUE(accepted_.empty());
  EXPECT_GE(accepts_without_descriptors, 1);
  EXPECT_LE(accepts_without_descriptors, 5);  // it did not spin
  RunUntil([this] { return accepted_.size() == 1; });
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST(ListenerThreadsTest, StreamsLiveOnTheThreadThatWasChosen) {
  Runtime runtime(2);
  asio::io_context io{1};
  const auto listener = *Listener::Bind(io.get_executor(), "127.0.0.1", 0);
  std::promise<std::string> got;
  asio::co_spawn(
      io,
      listener->Run([&] { return runtime.executor(1); },
                    [&](Executor executor, std::unique_ptr<Stream> stream) {
                      asio::post(executor, [&, executor, stream = std::move(stream)]() mutable {
                        stream->SetDeadline(absl::Seconds(5));
                        auto shared = std::shared_ptr<Stream>(std::move(stream));
                        auto data = std::make_shared<std::string>(4, '\0');
                        asio::co_spawn(
                            executor, shared->ReadSome(data->data(), data->size()),
                            [&got, shared, data](std::exception_ptr, absl::StatusOr<size_t> size) {
                              got.set_value(size.ok() ? data->substr(0, *size)
                                                      : size.status().ToString());
                            });
                      });
                    }),
      [](std::exception_ptr) {});
  std::thread loop([&io] { io.run(); });
  asio::io_context other;
  asio::ip::tcp::socket client(other);
  client.connect({asio::ip::address_v4::loopback(), listener->port()});
  client.write_some(asio::buffer("ping", 4));
  EXPECT_EQ(got.get_future().get(), "ping");
  asio::post(io, [&] { listener->Close(); });
  loop.join();
}

}  // namespace
}  // namespace staffetta::net
