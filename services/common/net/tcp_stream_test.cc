#include "common/net/tcp_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <string>

#include "common/base/await.h"
#include "common/net/test_pair.h"
#include "common/net/tls_context.h"

namespace staffetta::net {
namespace {

using absl::StatusCode;

Co<absl::StatusOr<std::string>> Read(Stream* stream) {
  std::string data(4096, '\0');
  const absl::StatusOr<size_t> got = co_await stream->ReadSome(data.data(), data.size());
  if (!got.ok()) co_return got.status();
  data.resize(*got);
  co_return data;
}

Co<absl::StatusOr<size_t>> ReadToTheEnd(Stream* stream) {
  char data[4096];
  size_t total = 0;
  for (;;) {
    const absl::StatusOr<size_t> got = co_await stream->ReadSome(data, sizeof data);
    if (absl::IsOutOfRange(got.status())) co_return total;
    if (!got.ok()) co_return got.status();
    total += *got;
  }
}

class TcpStreamTest : public testing::Test {
 protected:
  TcpStreamTest() {
    StreamPair pair = NewStreamPair(io_.get_executor());
    client_ = std::move(pair.client);
    server_ = std::move(pair.server);
  }

  // Starts it; the result arrives while others are awaited.
  template <class T>
  std::shared_ptr<std::optional<T>> Start(Co<T> coroutine, asio::cancellation_slot slot = {}) {
    auto result = std::make_shared<std::optional<T>>();
    asio::co_spawn(io_, std::move(coroutine),
                   asio::bind_cancellation_slot(slot, [result](std::exception_ptr error, T value) {
                     if (error) std::rethrow_exception(error);
                     *result = std::move(value);
                   }));
    return result;
  }
  template <class T>
  T Get(std::shared_ptr<std::optional<T>> result) {
    io_.restart();
    while (!result->has_value() && io_.run_one() > 0) {
    }
    return **result;
  }

  std::pair<absl::Status, absl::Status> Handshake(const std::string& name) {
    static const auto server = NewTestServerContext();
    const auto accepted = Start(server_->AcceptTls(server));
    const absl::Status connected =
        Await(io_, client_->ConnectTls(TlsContext::OpportunisticClient(), name));
    return {Get(accepted), connected};
  }

  std::string big_ = std::string(16 << 20, 'x');
  asio::io_context io_{1};
  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> server_;
};

TEST_F(TcpStreamTest, BytesGoBothWays) {
  ASSERT_TRUE(Await(io_, client_->Write("ping")).ok());
  EXPECT_EQ(*Await(io_, Read(server_.get())), "ping");
  ASSERT_TRUE(Await(io_, server_->Write("pong")).ok());
  EXPECT_EQ(*Await(io_, Read(client_.get())), "pong");
  EXPECT_EQ(client_->peer_address().to_string(), "127.0.0.1");
  EXPECT_EQ(client_->tls(), std::nullopt);
}

// SPEC S3
TEST_F(TcpStreamTest, ChannelBinding_IsOfThisConnectionAndTheSameAtBothEnds) {
  for (const auto kind : {ChannelBinding::kTlsExporter, ChannelBinding::kTlsUnique,
                          ChannelBinding::kTlsServerEndPoint}) {
    EXPECT_EQ(server_->channel_binding(kind), std::nullopt) << "in clear";
  }
  const auto [accepted, connected] = Handshake("mx.example.test");
  ASSERT_TRUE(accepted.ok() && connected.ok());
  const auto exporter = server_->channel_binding(ChannelBinding::kTlsExporter);
  ASSERT_TRUE(exporter.has_value());
  EXPECT_EQ(exporter->size(), 32U);
  EXPECT_EQ(client_->channel_binding(ChannelBinding::kTlsExporter), exporter);
  EXPECT_EQ(server_->channel_binding(ChannelBinding::kTlsUnique), std::nullopt) << "of TLS 1.2";
  const auto end_point = server_->channel_binding(ChannelBinding::kTlsServerEndPoint);
  ASSERT_TRUE(end_point.has_value());
  EXPECT_EQ(end_point->size(), 32U) << "SHA-256, as the certificate's signature";
}

TEST_F(TcpStreamTest, APeerThatClosesIsTheEndOfTheStream) {
  ASSERT_TRUE(Await(io_, client_->Write("last")).ok());
  client_.reset();
  EXPECT_EQ(*Await(io_, Read(server_.get())), "last");
  EXPECT_EQ(Await(io_, Read(server_.get())).status().code(), StatusCode::kOutOfRange);
}

TEST_F(TcpStreamTest, CloseEndsTheRunningOperations) {
  const auto read = Start(Read(server_.get()));
  const auto write = Start(server_->Write(std::string_view(big_)));
  io_.poll();
  ASSERT_FALSE(read->has_value());
  ASSERT_FALSE(write->has_value());
  server_->Close();
  EXPECT_EQ(Get(read).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(Get(write).code(), StatusCode::kCancelled);
  server_->Close();
  EXPECT_EQ(Await(io_, server_->Write("x")).code(), StatusCode::kCancelled);
}

TEST_F(TcpStreamTest, ACancelledCoroutineEndsWithCancelled) {
  asio::cancellation_signal signal;
  const auto read = Start(server_->ReadSome(big_.data(), 1), signal.slot());
  io_.poll();
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(Get(read).status().code(), StatusCode::kCancelled);
}

TEST_F(TcpStreamTest, TheDeadlineEndsAReadInTime) {
  const absl::Time start = absl::Now();
  server_->SetDeadline(absl::Milliseconds(50));
  EXPECT_EQ(Await(io_, Read(server_.get())).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(49));
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  server_->SetDeadline(absl::Seconds(10));
  EXPECT_EQ(Await(io_, Read(server_.get())).status().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(TcpStreamTest, TheDeadlineEndsAWriteThatNobodyReads) {
  server_->SetDeadline(absl::Milliseconds(50));
  EXPECT_EQ(Await(io_, server_->Write(big_)).code(), StatusCode::kDeadlineExceeded);
}

TEST_F(TcpStreamTest, ADeadlineMayMoveBothWays) {
  const absl::Time start = absl::Now();
  server_->SetDeadline(absl::Minutes(5));
  server_->SetDeadline(absl::Milliseconds(20));
  const auto read = Start(Read(server_.get()));
  io_.poll();
  server_->SetDeadline(absl::Milliseconds(100));
  EXPECT_EQ(Get(read).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(99));
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
}

TEST_F(TcpStreamTest, ADeadlineThatPassedWhileNothingRanDoesNoHarm) {
  server_->SetDeadline(absl::Milliseconds(1));
  Timer later(io_, std::chrono::milliseconds(20));
  later.async_wait([](boost::system::error_code) {});
  io_.restart();
  io_.run();
  server_->SetDeadline(absl::Seconds(10));
  EXPECT_TRUE(Await(io_, server_->Write("x")).ok());
  server_->SetDeadline(absl::ZeroDuration());
  EXPECT_EQ(Await(io_, server_->Write("x")).code(), StatusCode::kDeadlineExceeded);
}

TEST_F(TcpStreamTest, AStreamMayGoWhileItsTimerRuns) {
  server_->SetDeadline(absl::Seconds(60));
  server_.reset();
  io_.restart();
  EXPECT_GT(io_.run_one(), 0u);  // the wait ends with the stream, not a minute later
}

TEST_F(TcpStreamTest, ASlowReaderGetsAllOfALargeWrite) {
  const auto written = Start(client_->Write(big_));
  io_.poll();
  EXPECT_FALSE(written->has_value());
  const auto total = Start(ReadToTheEnd(server_.get()));
  EXPECT_TRUE(Get(written).ok());
  client_->Close();
  EXPECT_EQ(*Get(total), big_.size());
}

// SPEC S2
TEST_F(TcpStreamTest, TlsIsNegotiatedAndCarriesLargeData) {
  const auto [accepted, connected] = Handshake("mx.example.test");
  ASSERT_TRUE(accepted.ok()) << accepted;
  ASSERT_TRUE(connected.ok()) << connected;
  ASSERT_TRUE(server_->tls().has_value());
  EXPECT_EQ(server_->tls()->version, "TLSv1.3");
  EXPECT_EQ(server_->tls()->cipher, client_->tls()->cipher);
  // What the client leaves unread, session tickets too, would make its end a reset.
  EXPECT_TRUE(Await(io_, server_->Write("220")).ok());
  EXPECT_EQ(*Await(io_, Read(client_.get())), "220");
  const auto total = Start(ReadToTheEnd(server_.get()));
  EXPECT_TRUE(Await(io_, client_->Write(big_)).ok());
  client_->Close();  // a cut without close_notify
  EXPECT_EQ(*Get(total), big_.size());
}

TEST_F(TcpStreamTest, TheDeadlineAndCloseEndOperationsInTls) {
  ASSERT_TRUE(Handshake("127.0.0.1").second.ok());
  client_->SetDeadline(absl::Milliseconds(30));
  EXPECT_EQ(Await(io_, Read(client_.get())).status().code(), StatusCode::kDeadlineExceeded);
  server_->Close();
  EXPECT_EQ(Await(io_, Read(server_.get())).status().code(), StatusCode::kCancelled);

  StreamPair pair = NewStreamPair(io_.get_executor());
  pair.server->SetDeadline(absl::Milliseconds(30));
  EXPECT_EQ(Await(io_, pair.server->AcceptTls(NewTestServerContext())).code(),
            StatusCode::kDeadlineExceeded);
}

TEST_F(TcpStreamTest, AHandshakeThatFailsSaysWhy) {
  ASSERT_TRUE(Await(io_, client_->Write("EHLO not.tls\r\n")).ok());
  const absl::Status status = Await(io_, server_->AcceptTls(NewTestServerContext()));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), testing::StartsWith("TLS handshake: "));

  StreamPair pair = NewStreamPair(io_.get_executor());
  pair.client.reset();
  EXPECT_EQ(Await(io_, pair.server->AcceptTls(NewTestServerContext())).code(),
            StatusCode::kUnavailable);
}

TEST_F(TcpStreamTest, Finish_LetsTheLastWordsArriveThoughThePeerIsStillTalking) {
  ASSERT_TRUE(Await(io_, client_->Write(std::string_view(big_).substr(0, 60'000))).ok());
  EXPECT_TRUE(server_->HasInput());
  const auto finished = Start(server_->Finish("421 bye\r\n", absl::Seconds(20)));
  ASSERT_TRUE(Await(io_, client_->Write("more")).ok());
  EXPECT_EQ(*Await(io_, Read(client_.get())), "421 bye\r\n");
  EXPECT_EQ(Await(io_, Read(client_.get())).status().code(), StatusCode::kOutOfRange);
  client_.reset();
  EXPECT_TRUE(Get(finished).ok());
}

TEST_F(TcpStreamTest, Finish_WaitsNoLongerThanItWasTold) {
  const absl::Time start = absl::Now();
  EXPECT_TRUE(Await(io_, server_->Finish("", absl::Milliseconds(50))).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(TcpStreamTest, Finish_WithoutWaitingLetsTheLastWordsArrive) {
  EXPECT_TRUE(Await(io_, server_->Finish("221 bye\r\n", absl::ZeroDuration())).ok());
  EXPECT_EQ(*Await(io_, Read(client_.get())), "221 bye\r\n");
  EXPECT_EQ(Await(io_, Read(client_.get())).status().code(), StatusCode::kOutOfRange);
}

TEST_F(TcpStreamTest, Finish_OfAClosedStreamSaysSo) {
  server_->Close();
  EXPECT_EQ(Await(io_, server_->Finish("221 bye\r\n", absl::ZeroDuration())).code(),
            StatusCode::kCancelled);
}

// SPEC S2
TEST_F(TcpStreamTest, FinishInTls_EndsInOrder) {
  ASSERT_TRUE(Handshake("mx.example.test").second.ok());
  const auto finished = Start(server_->Finish("221 bye\r\n", absl::Seconds(20)));
  EXPECT_EQ(*Await(io_, Read(client_.get())), "221 bye\r\n");
  EXPECT_EQ(Await(io_, Read(client_.get())).status().code(), StatusCode::kOutOfRange);
  client_.reset();
  EXPECT_TRUE(Get(finished).ok());
}

TEST_F(TcpStreamTest, InterruptedRead_IsCancelledAndTheStreamGoesOn) {
  for (const bool tls : {false, true}) {
    if (tls) {
      ASSERT_TRUE(Handshake("mx.example.test").second.ok());
    }
    const auto read = Start(Read(server_.get()));
    io_.restart();
    io_.poll();
    ASSERT_FALSE(read->has_value());
    server_->Interrupt();
    EXPECT_EQ(Get(read).status().code(), StatusCode::kCancelled);
    ASSERT_TRUE(Await(io_, client_->Write("ping")).ok());
    EXPECT_EQ(*Await(io_, Read(server_.get())), "ping");
  }
}

TEST(ConnectTest, APortWhereNobodyListensIsUnavailable) {
  asio::io_context io{1};
  asio::ip::tcp::acceptor bound(io, {asio::ip::address_v4::loopback(), 0});
  const uint16_t port = bound.local_endpoint().port();
  bound.close();
  const auto stream = Await(io, Connect(asio::ip::address_v4::loopback(), port, absl::Seconds(5)));
  EXPECT_EQ(stream.status().code(), StatusCode::kUnavailable);
}

TEST(ConnectTest, AFullBacklogIsDeadlineExceeded) {
  asio::io_context io{1};
  asio::ip::tcp::acceptor full(io);
  full.open(asio::ip::tcp::v4());
  full.bind({asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  std::vector<std::unique_ptr<Stream>> waiting;
  for (int i = 0; i < 4; ++i) {
    auto stream = Await(io, Connect(asio::ip::address_v4::loopback(), full.local_endpoint().port(),
                                    absl::Milliseconds(200)));
    if (!stream.ok()) {
      EXPECT_EQ(stream.status().code(), StatusCode::kDeadlineExceeded);
      return;
    }
    waiting.push_back(*std::move(stream));
  }
  FAIL() << "the backlog was never full";
}

}  // namespace
}  // namespace staffetta::net
