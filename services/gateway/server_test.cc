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

  // Sends and takes nothing.
  void Send(const std::string& text) { runtime_.Block(Written(text)); }

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
  Co<void> Written(std::string text) {
    stream_->SetDeadline(absl::Seconds(20));
    const absl::Status written = co_await stream_->Write(text);
    EXPECT_TRUE(written.ok()) << written;
  }
  Co<void> Handshake(bool* done) {
    stream_->SetDeadline(absl::Seconds(20));
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
    options_.listeners = {{}};
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

  void UseCertificate() {
    const net::CertificateFiles files{directory_.File("tls.crt"), directory_.File("tls.key")};
    options_.certificates = {files};
    ASSERT_TRUE(net::EnsureSelfSigned(files.certificate, files.key, "relay.example").ok());
  }

  const net::TestDirectory directory_;
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
  UseCertificate();
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

// SPEC S6: also a chunk that is refused already, and thrown away.
TEST_F(ServerTest, SlowChunk_IsToldAndClosed) {
  options_.session.data_timeout = absl::Milliseconds(300);
  ASSERT_TRUE(Start().ok());
  const auto client = Connect();
  ASSERT_TRUE(client->LogIn());
  client->Say(kEnvelope);
  client->Say("RCPT TO:<bob@r.example>\r\n");
  EXPECT_EQ(client->Say("BDAT 4\r\nFrom").substr(0, 3), "250");
  EXPECT_EQ(client->Say("BDAT 10 LAST\r\n: ann").substr(0, 9), "421 4.4.2");
  EXPECT_EQ(client->Hear(), "closed");
  const auto other = Connect();
  ASSERT_TRUE(other->LogIn());
  EXPECT_EQ(other->Say("BDAT 10 LAST\r\n: ann").substr(0, 9), "421 4.4.2");
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

// SPEC S2
TEST_F(ServerTest, ImplicitTls_BeginsWithTheHandshake) {
  UseCertificate();
  options_.listeners = {{0, TlsPolicy::kImplicit}};
  ASSERT_TRUE(Start().ok());
  const auto client = Connect();
  ASSERT_TRUE(client->StartTls());
  ASSERT_TRUE(client->LogIn());
  EXPECT_EQ(client->Say("STARTTLS\r\n").substr(0, 3), "503");
  EXPECT_EQ(Sent(client.get()).substr(0, 3), "250");
  EXPECT_NE(backends_.queue.messages[0].content.find(" with ESMTPSA id "), std::string::npos);
}

// SPEC S2
TEST_F(ServerTest, Policy_IsThePorts) {
  UseCertificate();
  options_.listeners = {{0, TlsPolicy::kNone}, {0, TlsPolicy::kRequired}};
  ASSERT_TRUE(Start().ok());
  Client none(clients_, server_->ports()[0]);
  none.Hear();
  EXPECT_EQ(none.Say("EHLO c.example\r\n").find("STARTTLS"), std::string::npos);
  EXPECT_EQ(none.Say("STARTTLS\r\n").substr(0, 3), "502");
  Client required(clients_, server_->ports()[1]);
  required.Hear();
  const std::string offer = required.Say("EHLO c.example\r\n");
  EXPECT_NE(offer.find("STARTTLS"), std::string::npos);
  EXPECT_EQ(offer.find("AUTH"), std::string::npos);
  EXPECT_EQ(required.Say(kEnvelope).substr(0, 9), "530 5.7.0");
}

// SPEC S6
TEST_F(ServerTest, SilentHandshake_IsClosed) {
  UseCertificate();
  options_.listeners = {{0, TlsPolicy::kImplicit}};
  options_.session.handshake_timeout = absl::Milliseconds(200);
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Connect()->Hear(), "closed");
}

// SPEC S6
TEST_F(ServerTest, WhoTalksBeforeTheGreeting_IsSentAway) {
  options_.session.banner_delay = absl::Milliseconds(300);
  ASSERT_TRUE(Start().ok());
  const auto early = Connect();
  EXPECT_EQ(early->Say("EHLO c.example\r\n").substr(0, 9), "554 5.5.0");
  EXPECT_EQ(early->Hear(), "closed");
  const auto patient = Connect();
  EXPECT_TRUE(patient->LogIn());
}

// SPEC S6
TEST_F(ServerTest, SessionsOfUser_AreLimited) {
  options_.max_sessions_per_user = 2;
  ASSERT_TRUE(Start().ok());
  auto first = Connect();
  const auto second = Connect();
  ASSERT_TRUE(first->LogIn());
  ASSERT_TRUE(second->LogIn());
  const std::string login = "AUTH PLAIN " + smtp::EncodePlain("s1_0", "secret") + "\r\n";
  const auto third = Connect();
  third->Hear();
  third->Say("EHLO c.example\r\n");
  EXPECT_EQ(third->Say(login), "421 4.7.0 too many sessions of this user\n");
  EXPECT_EQ(third->Hear(), "closed");
  EXPECT_EQ(first->Say("QUIT\r\n").substr(0, 3), "221");
  EXPECT_EQ(first->Hear(), "closed");
  EXPECT_TRUE(Connect()->LogIn());
}

class ProxyTest : public ServerTest {
 protected:
  void StartBehindProxy(TlsPolicy tls) {
    options_.listeners = {{0, tls, true}};
    options_.proxy_networks = {*ParseNetwork("127.0.0.0/8")};
    ASSERT_TRUE(Start().ok());
  }
};

// SPEC S7
TEST_F(ProxyTest, ToldAddress_IsTheClients) {
  StartBehindProxy(TlsPolicy::kOptional);
  const auto client = Connect();
  client->Send("PROXY TCP4 192.0.2.7 198.51.100.25 56324 25\r\n");
  // Its network is open to a user.
  client->Hear();
  client->Say("EHLO c.example\r\n");
  EXPECT_EQ(Sent(client.get()).substr(0, 3), "250");
  EXPECT_EQ(backends_.queue.messages[0].client_address, "192.0.2.7");
  EXPECT_NE(backends_.queue.messages[0].content.find("([192.0.2.7])"), std::string::npos);
}

// SPEC S7
TEST_F(ProxyTest, HeaderComesBeforeTls) {
  UseCertificate();
  StartBehindProxy(TlsPolicy::kImplicit);
  const auto client = Connect();
  client->Send(std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16) +
               std::string("\xc0\x00\x02\x07\xc6\x33\x64\x19\xdc\x04\x00\x19", 12));
  ASSERT_TRUE(client->StartTls());
  ASSERT_TRUE(client->LogIn());
  EXPECT_EQ(Sent(client.get()).substr(0, 3), "250");
  EXPECT_EQ(backends_.queue.messages[0].client_address, "192.0.2.7");
}

// SPEC S7
TEST_F(ProxyTest, NoHeader_IsClosedWithoutAWord) {
  StartBehindProxy(TlsPolicy::kOptional);
  EXPECT_EQ(Connect()->Say("EHLO client.example\r\n"), "closed");
  EXPECT_EQ(Connect()->Say("PROXY TCP4 192.0.2.7 nonsense 1 1\r\n"), "closed");
}

// SPEC S7
TEST_F(ProxyTest, HeaderFromElsewhere_IsNotBelieved) {
  options_.listeners = {{0, TlsPolicy::kOptional, true}};
  options_.proxy_networks = {*ParseNetwork("10.0.0.0/8")};
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(Connect()->Say("PROXY TCP4 192.0.2.7 198.51.100.25 56324 25\r\n"), "closed");
}

// SPEC S6 S7
TEST_F(ProxyTest, LimitPerAddress_CountsClientsNotTheProxy) {
  options_.max_sessions_per_address = 1;
  StartBehindProxy(TlsPolicy::kOptional);
  const auto first = Connect();
  EXPECT_EQ(first->Say("PROXY TCP4 192.0.2.7 1.1.1.1 1 25\r\n").substr(0, 3), "220");
  EXPECT_EQ(Connect()->Say("PROXY TCP4 192.0.2.7 1.1.1.1 1 25\r\n").substr(0, 3), "421");
  EXPECT_EQ(Connect()->Say("PROXY TCP4 192.0.2.8 1.1.1.1 1 25\r\n").substr(0, 3), "220");
}

// A reset would take the reply along.
TEST_F(ServerTest, LastReply_ArrivesAlthoughTheClientIsStillSending) {
  options_.session.max_errors = 1;
  ASSERT_TRUE(Start().ok());
  for (int i = 0; i < 20; ++i) {
    const auto client = Connect();
    client->Hear();
    std::string burst;
    for (int k = 0; k < 3000; ++k) burst += "NONSENSE\r\n";
    EXPECT_EQ(client->Say(burst).substr(0, 3), "500");
    EXPECT_EQ(client->Hear(), "421 4.7.0 too many errors, closing\n");
    EXPECT_EQ(client->Hear(), "closed");
  }
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
  options.listeners = {{taken}, {}};
  SmtpServer second(runtime_, options, backends_.all());
  options.listeners = {{taken}};
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
