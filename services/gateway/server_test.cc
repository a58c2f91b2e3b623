// Sessions over real TCP and TLS, on the runtime's threads.

#include "gateway/server.h"

#include <gtest/gtest.h>

#include <future>

#include "common/net/line_reader.h"
#include "common/net/test_pair.h"
#include "common/smtp/sasl.h"
#include "gateway/fakes.h"

namespace staffetta::gateway {
namespace {

// A client that blocks the test's thread.
class Client {
 public:
  Client(const Runtime& runtime, uint16_t port) : runtime_(runtime) {
    runtime_.Block(Connect(port));
  }

  // Sends, if there is something to send, and takes the reply's lines.
  std::string Say(const std::string& text) {
    std::string reply;
    runtime_.Block(Exchange(text, &reply));
    return reply;
  }
  std::string Hear() { return Say(""); }
  bool StartTls() {
    bool done = false;
    runtime_.Block(Handshake(&done));
    return done;
  }
  bool LogIn() {
    return Hear().substr(0, 3) == "220" && Say("EHLO c.example\r\n").substr(0, 3) == "250" &&
           Say("AUTH PLAIN " + smtp::EncodePlain("s1_0", "secret") + "\r\n").substr(0, 3) == "235";
  }
  void Close() { runtime_.Block(Closed()); }
  ~Client() { Close(); }

 private:
  Co<void> Connect(uint16_t port) {
    auto stream = co_await net::Connect(asio::ip::address_v4::loopback(), port, absl::Seconds(10));
    if (!stream.ok()) co_return;
    stream_ = *std::move(stream);
    reader_ = std::make_unique<net::LineReader>(stream_.get(), 1000);
  }
  Co<void> Exchange(std::string text, std::string* reply) {
    stream_->SetDeadline(absl::Seconds(20));
    const absl::Status written = co_await stream_->Write(text);
    while (written.ok()) {
      const auto line = co_await reader_->ReadLine();
      if (!line.ok()) {
        *reply += "closed";
        co_return;
      }
      *reply += std::string(line->text) + "\n";
      if (line->text.size() < 4 || line->text[3] != '-') co_return;
    }
  }
  Co<void> Handshake(bool* done) {
    const absl::Status status =
        co_await stream_->ConnectTls(net::TlsContext::OpportunisticClient(), "relay.example");
    *done = status.ok();
  }
  Co<void> Closed() {
    if (stream_) stream_->Close();
    co_return;
  }

  const Runtime& runtime_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<net::LineReader> reader_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.ports = {0};
    options_.address = "127.0.0.1";
    options_.session.hostname = "relay.example";
  }
  ~ServerTest() override {
    if (server_) runtime_.Block(server_->Stop());
  }

  absl::Status Start() {
    server_ = std::make_unique<SmtpServer>(runtime_, options_, backends_.all());
    absl::Status status;
    runtime_.Block(StartOnLoop(&status));
    return status;
  }
  std::unique_ptr<Client> Connect() {
    return std::make_unique<Client>(clients_, server_->ports().front());
  }

  FakeBackends backends_;
  Options options_;
  Runtime clients_{1};
  Runtime runtime_{2};
  std::unique_ptr<SmtpServer> server_;

 private:
  Co<void> StartOnLoop(absl::Status* status) {
    *status = server_->Start();
    co_return;
  }
};

constexpr char kEnvelope[] = "MAIL FROM:<ann@example.com>\r\n";
constexpr char kMessage[] = "From: ann@example.com\r\n\r\ntext\r\n.\r\n";

std::string Sent(Client* client) {
  EXPECT_EQ(client->Say(kEnvelope).substr(0, 3), "250");
  EXPECT_EQ(client->Say("RCPT TO:<bob@r.example>\r\n").substr(0, 3), "250");
  EXPECT_EQ(client->Say("DATA\r\n").substr(0, 3), "354");
  return client->Say(kMessage);
}

TEST_F(ServerTest, Message_IsQueuedOverTcp) {
  ASSERT_TRUE(Start().ok());
  const auto client = Connect();
  ASSERT_TRUE(client->LogIn());
  EXPECT_EQ(Sent(client.get()).substr(0, 20), "250 2.0.0 queued as ");
  EXPECT_EQ(backends_.queue.size(), 1U);
}

// SPEC S2
TEST_F(ServerTest, Message_IsQueuedOverStartTls) {
  const net::TestDirectory directory;
  options_.tls_certificate = directory.File("tls.crt");
  options_.tls_key = directory.File("tls.key");
  ASSERT_TRUE(
      net::EnsureSelfSigned(options_.tls_certificate, options_.tls_key, "relay.example").ok());
  ASSERT_TRUE(Start().ok());
  const auto client = Connect();
  ASSERT_TRUE(client->LogIn());
  ASSERT_EQ(client->Say("STARTTLS\r\n").substr(0, 3), "220");
  ASSERT_TRUE(client->StartTls());
  EXPECT_EQ(client->Say("EHLO c.example\r\n").find("STARTTLS"), std::string::npos);
  ASSERT_EQ(client->Say("AUTH PLAIN " + smtp::EncodePlain("s1_0", "secret") + "\r\n").substr(0, 3),
            "235");
  EXPECT_EQ(Sent(client.get()).substr(0, 3), "250");
  ASSERT_EQ(backends_.queue.size(), 1U);
  EXPECT_NE(backends_.queue.messages[0].content.find(" with ESMTPSA id "), std::string::npos);
}

// SPEC S6
TEST_F(ServerTest, SessionsOfAddress_AreLimited) {
  options_.max_sessions_per_address = 2;
  ASSERT_TRUE(Start().ok());
  const auto first = Connect();
  auto second = Connect();
  EXPECT_EQ(first->Hear().substr(0, 3), "220");
  EXPECT_EQ(second->Hear().substr(0, 3), "220");
  const auto third = Connect();
  EXPECT_EQ(third->Hear().substr(0, 9), "421 4.7.0");
  EXPECT_EQ(third->Hear(), "closed");
}

// SPEC S6
TEST_F(ServerTest, SilentClient_IsToldAndClosed) {
  options_.session.command_timeout = absl::Milliseconds(300);
  ASSERT_TRUE(Start().ok());
  const auto client = Connect();
  EXPECT_EQ(client->Hear().substr(0, 3), "220");
  EXPECT_EQ(client->Hear().substr(0, 9), "421 4.4.2");
  EXPECT_EQ(client->Hear(), "closed");
}

// SPEC S6
TEST_F(ServerTest, SlowContent_IsToldAndClosed) {
  options_.session.data_timeout = absl::Milliseconds(300);
  ASSERT_TRUE(Start().ok());
  const auto client = Connect();
  ASSERT_TRUE(client->LogIn());
  client->Say(kEnvelope);
  client->Say("RCPT TO:<bob@r.example>\r\n");
  client->Say("DATA\r\n");
  EXPECT_EQ(client->Say("From:").substr(0, 9), "421 4.4.2");
  EXPECT_EQ(client->Hear(), "closed");
  EXPECT_EQ(backends_.queue.size(), 0U);
}

// SPEC S6
TEST_F(ServerTest, LongSession_EndsAtItsTime) {
  options_.session.session_timeout = absl::Milliseconds(500);
  ASSERT_TRUE(Start().ok());
  const auto client = Connect();
  EXPECT_EQ(client->Hear().substr(0, 3), "220");
  EXPECT_EQ(client->Say("NOOP\r\n").substr(0, 3), "250");
  EXPECT_EQ(client->Hear().substr(0, 9), "421 4.4.2");
}

// SPEC S10
TEST_F(ServerTest, Stop_SendsIdleHomeAndLetsTransactionsFinish) {
  ASSERT_TRUE(Start().ok());
  const auto idle = Connect();
  const auto busy = Connect();
  ASSERT_TRUE(idle->LogIn());
  ASSERT_TRUE(busy->LogIn());
  EXPECT_EQ(busy->Say(kEnvelope).substr(0, 3), "250");
  const auto stopped = std::async(std::launch::async, [this] { runtime_.Block(server_->Stop()); });
  EXPECT_EQ(idle->Hear().substr(0, 9), "421 4.3.2");
  EXPECT_EQ(idle->Hear(), "closed");
  EXPECT_EQ(busy->Say("RCPT TO:<bob@r.example>\r\n").substr(0, 3), "250");
  EXPECT_EQ(busy->Say("DATA\r\n").substr(0, 3), "354");
  EXPECT_EQ(busy->Say(kMessage).substr(0, 3), "250");
  EXPECT_EQ(busy->Hear().substr(0, 9), "421 4.3.2");
  EXPECT_EQ(busy->Hear(), "closed");
  stopped.wait();
  EXPECT_EQ(backends_.queue.size(), 1U);
  server_.reset();
}

// SPEC S10
TEST_F(ServerTest, Stop_ClosesWhatDoesNotFinish) {
  options_.drain_timeout = absl::Milliseconds(200);
  ASSERT_TRUE(Start().ok());
  const auto busy = Connect();
  ASSERT_TRUE(busy->LogIn());
  EXPECT_EQ(busy->Say(kEnvelope).substr(0, 3), "250");
  runtime_.Block(server_->Stop());
  EXPECT_EQ(busy->Hear(), "closed");
  server_.reset();
}

// SPEC S1
TEST_F(ServerTest, PortInUse_IsSkipped) {
  ASSERT_TRUE(Start().ok());
  const uint16_t taken = server_->ports().front();
  Options options = options_;
  options.ports = {taken, 0};
  SmtpServer second(runtime_, options, backends_.all());
  options.ports = {taken};
  SmtpServer third(runtime_, options, backends_.all());
  const std::vector<SmtpServer*> servers = {&second, &third};
  std::vector<absl::Status> results;
  for (SmtpServer* server : servers) {
    std::promise<absl::Status> result;
    asio::post(runtime_.executor(0), [&] { result.set_value(server->Start()); });
    results.push_back(result.get_future().get());
  }
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(second.ports().size(), 1U);
  EXPECT_TRUE(absl::IsUnavailable(results[1])) << "none at all is an error";
  runtime_.Block(second.Stop());
  runtime_.Block(third.Stop());
}

TEST_F(ServerTest, ManySessions_RunOnAllThreads) {
  ASSERT_TRUE(Start().ok());
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Connect());
  for (const auto& client : clients) ASSERT_TRUE(client->LogIn());
  for (const auto& client : clients) EXPECT_EQ(Sent(client.get()).substr(0, 3), "250");
  EXPECT_EQ(backends_.queue.size(), 20U);
}

}  // namespace
}  // namespace staffetta::gateway
