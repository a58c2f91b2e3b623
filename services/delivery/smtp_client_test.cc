#include "delivery/smtp_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "common/base/task_group.h"
#include "common/net/tls_context.h"
#include "delivery/egress.h"
#include "delivery/figures.h"
#include "delivery/test_server.h"
#include "delivery/test_support.h"

namespace staffetta::delivery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Co<bool> StopServer(TestServer* server) {
  co_await server->Stop();
  co_return true;
}

Co<void> TakeSlices(Egress* egress, int slices) {
  for (int i = 0; i < slices; ++i) (void)co_await egress->Take(1, egress->slice());
}

Co<bool> Ended(TaskGroup* group) {
  co_await group->Wait();
  co_return true;
}

class SmtpClientTest : public testing::Test {
 protected:
  SmtpClientTest() {
    options_.helo = "relay.test";
    options_.connect_timeout = absl::Seconds(5);
    options_.reply_timeout = absl::Seconds(5);
    options_.final_timeout = absl::Seconds(5);
    delivery_.sender = "s@example.com";
    delivery_.content = "Subject: hi\r\n\r\n.dot\r\nbody\r\n";
    delivery_.lease.ends = std::chrono::steady_clock::now() + std::chrono::hours(1);
  }
  ~SmtpClientTest() override {
    client_.reset();
    staffetta::Await(context_, StopServer(&server_));
  }

  Target Here() { return {server_name_, asio::ip::make_address("127.0.0.1"), server_.port()}; }

  Heard Open() {
    auto opened = staffetta::Await(context_, SmtpClient::Open(Here(), &options_));
    client_ = std::move(opened.client);
    return opened.trouble;
  }
  // Opens when there is no connection.
  std::vector<Heard> Send(std::vector<std::string_view> recipients) {
    if (!client_) Open();
    if (!client_) return {};
    delivery_.recipients.assign(recipients.begin(), recipients.end());
    std::vector<size_t> all(recipients.size());
    std::iota(all.begin(), all.end(), 0);
    return staffetta::Await(context_, client_->Send(&delivery_, all));
  }
  static std::string Said(const Heard& heard) {
    return std::to_string(static_cast<int>(heard.stage)) + "/" +
           std::to_string(static_cast<int>(heard.fault)) + "/" + std::to_string(heard.reply.code);
  }
  static std::string Expect(Stage stage, Fault fault, int code = 0) {
    return std::to_string(static_cast<int>(stage)) + "/" + std::to_string(static_cast<int>(fault)) +
           "/" + std::to_string(code);
  }
  // Makes a certificate for the server, and has both sides use TLS.
  void WithTls() {
    const std::string dir = testing::TempDir() + "delivery-tls";
    std::filesystem::create_directories(dir);
    ASSERT_TRUE(net::EnsureSelfSigned(dir + "/cert", dir + "/key", "mx.test").ok());
    auto context = net::TlsContext::Server({{dir + "/cert", dir + "/key"}});
    ASSERT_TRUE(context.ok()) << context.status();
    server_.tls = *context;
    options_.tls = net::TlsContext::OpportunisticClient();
  }

  std::string server_name_ = "mx.test";
  asio::io_context context_;
  ClientOptions options_;
  TestServer server_{context_.get_executor()};
  Delivery delivery_;
  std::unique_ptr<SmtpClient> client_;
};

TEST_F(SmtpClientTest, MessageArrivesAsItWas_InOneGroupOfCommands) {
  const auto heard = Send({"a@example.net", "b@example.net"});
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(Said(heard[0]), Expect(Stage::kEndOfData, Fault::kNone, 250));
  EXPECT_THAT(server_.delivered, ElementsAre(delivery_.content));
  EXPECT_THAT(server_.commands,
              ElementsAre("EHLO relay.test", "MAIL FROM:<s@example.com> SIZE=27",
                          "RCPT TO:<a@example.net>", "RCPT TO:<b@example.net>", "DATA"));
}

// SPEC D2
TEST_F(SmtpClientTest, ConnectionIsReused) {
  Send({"a@example.net"});
  ASSERT_TRUE(client_->usable());
  Send({"b@example.net"});
  EXPECT_EQ(server_.connections, 1);
  EXPECT_EQ(server_.delivered.size(), 2U);
}

TEST_F(SmtpClientTest, WithoutPipelining_EachCommandWaits) {
  server_.abilities = {};
  const auto heard = Send({"a@example.net", "b@example.net"});
  EXPECT_EQ(Said(heard[1]), Expect(Stage::kEndOfData, Fault::kNone, 250));
  EXPECT_EQ(server_.commands[1], "MAIL FROM:<s@example.com>");
  EXPECT_EQ(server_.delivered.size(), 1U);
}

TEST_F(SmtpClientTest, EhloRefused_FallsBackToHelo) {
  server_.script["EHLO"] = {"502 5.5.1 what?"};
  Send({"a@example.net"});
  EXPECT_EQ(server_.commands[1], "HELO relay.test");
  EXPECT_EQ(server_.delivered.size(), 1U);
}

TEST_F(SmtpClientTest, RefusedRecipient_DoesNotStopTheOthers) {
  for (const auto& abilities : {std::vector<std::string>{"PIPELINING"}, {}}) {
    client_.reset();
    server_.abilities = abilities;
    server_.script["RCPT"] = {"550 5.1.1 no such user", "250 ok", "450 4.2.0 later"};
    const auto heard = Send({"a@example.net", "b@example.net", "c@example.net"});
    EXPECT_EQ(Said(heard[0]), Expect(Stage::kRcpt, Fault::kNone, 550));
    EXPECT_EQ(heard[0].reply, (smtp::Reply{550, {5, 1, 1}, "no such user"}));
    EXPECT_EQ(Said(heard[1]), Expect(Stage::kEndOfData, Fault::kNone, 250));
    EXPECT_EQ(Said(heard[2]), Expect(Stage::kRcpt, Fault::kNone, 450));
    EXPECT_TRUE(client_->usable());
  }
  EXPECT_EQ(server_.delivered.size(), 2U);
}

TEST_F(SmtpClientTest, AllRefusedBut354_NothingButTheDotFollows) {
  server_.script["RCPT"] = {"550 no"};
  server_.script["DATA"] = {"354 go"};
  const auto heard = Send({"a@example.net"});
  EXPECT_EQ(Said(heard[0]), Expect(Stage::kRcpt, Fault::kNone, 550));
  EXPECT_THAT(server_.contents, ElementsAre(""));
  EXPECT_TRUE(client_->usable());
  const auto next = Send({"b@example.net"});
  EXPECT_EQ(Said(next[0]), Expect(Stage::kEndOfData, Fault::kNone, 250));
}

TEST_F(SmtpClientTest, TransactionLeftOpen_IsReset) {
  for (const auto& abilities : {std::vector<std::string>{"PIPELINING"}, {}}) {
    client_.reset();
    server_.commands.clear();
    server_.abilities = abilities;
    server_.script["RCPT"] = {"550 no"};
    Send({"a@example.net"});
    const auto next = Send({"b@example.net"});
    EXPECT_EQ(Said(next[0]), Expect(Stage::kEndOfData, Fault::kNone, 250));
    EXPECT_THAT(server_.commands, testing::Contains("RSET"));
  }
}

struct FailureRow {
  std::string point, answer;
  Stage stage;
  Fault fault;
  int code;
};

TEST_F(SmtpClientTest, Failures_AreHeardAtTheirStage) {
  options_.reply_timeout = absl::Milliseconds(200);
  options_.final_timeout = absl::Milliseconds(200);
  const std::vector<FailureRow> rows = {
      {"connect", "554 no", Stage::kGreeting, Fault::kNone, 554},
      {"connect", "421 busy!close", Stage::kGreeting, Fault::kNone, 421},
      {"connect", "!close", Stage::kGreeting, Fault::kLost, 0},
      {"connect", "!silence", Stage::kGreeting, Fault::kTimeout, 0},
      {"connect", "HTTP/1.1 400 Bad Request", Stage::kGreeting, Fault::kGarbage, 0},
      {"connect", "354 what", Stage::kGreeting, Fault::kGarbage, 0},
      {"EHLO", "451 later", Stage::kEhlo, Fault::kNone, 451},
      {"EHLO", "!close", Stage::kEhlo, Fault::kLost, 0},
      {"MAIL", "451 4.3.0 later", Stage::kMail, Fault::kNone, 451},
      {"MAIL", "550 5.7.1 no", Stage::kMail, Fault::kNone, 550},
      {"MAIL", "421 bye!close", Stage::kMail, Fault::kNone, 421},
      {"MAIL", "!close", Stage::kMail, Fault::kLost, 0},
      {"RCPT", "!close", Stage::kRcpt, Fault::kLost, 0},
      {"RCPT", "421 bye!close", Stage::kRcpt, Fault::kNone, 421},
      {"RCPT", "!silence", Stage::kRcpt, Fault::kTimeout, 0},
      {"DATA", "451 later", Stage::kData, Fault::kNone, 451},
      {"DATA", "554 no", Stage::kData, Fault::kNone, 554},
      {"DATA", "!close", Stage::kData, Fault::kLost, 0},
      {"DATA", "250 what", Stage::kData, Fault::kGarbage, 0},
      {".", "451 later", Stage::kEndOfData, Fault::kNone, 451},
      {".", "554 5.7.1 spam", Stage::kEndOfData, Fault::kNone, 554},
      {".", "!close", Stage::kEndOfData, Fault::kLost, 0},
      {".", "!silence", Stage::kEndOfData, Fault::kTimeout, 0},
  };
  for (const FailureRow& row : rows) {
    client_.reset();
    server_.script.clear();
    server_.script[row.point] = {row.answer};
    Heard heard = Open();
    if (client_) heard = Send({"a@example.net"})[0];
    EXPECT_EQ(Said(heard), Expect(row.stage, row.fault, row.code)) << row.point << row.answer;
  }
  EXPECT_THAT(server_.delivered, IsEmpty());
}

TEST_F(SmtpClientTest, LostAfterARefusal_TheRefusalStands) {
  server_.script["RCPT"] = {"550 no", "250 ok", "!close"};
  const auto heard = Send({"a@example.net", "b@example.net", "c@example.net"});
  EXPECT_EQ(Said(heard[0]), Expect(Stage::kRcpt, Fault::kNone, 550));
  EXPECT_EQ(Said(heard[1]), Expect(Stage::kRcpt, Fault::kLost));
  EXPECT_EQ(Said(heard[2]), Expect(Stage::kRcpt, Fault::kLost));
  EXPECT_FALSE(client_->usable());
}

TEST_F(SmtpClientTest, NobodyListens_IsConnectFailed) {
  TestServer gone(context_.get_executor());
  const Target target{"mx.test", asio::ip::make_address("127.0.0.1"), gone.port()};
  staffetta::Await(context_, StopServer(&gone));
  const auto opened = staffetta::Await(context_, SmtpClient::Open(target, &options_));
  EXPECT_EQ(opened.trouble.fault, Fault::kConnectFailed);
}

TEST_F(SmtpClientTest, LargeContent_ArrivesWhole) {
  delivery_.content.clear();
  for (int i = 0; i < 9000; ++i) delivery_.content += "." + std::string(90, 'x') + "\r\n";
  Send({"a@example.net"});
  ASSERT_EQ(server_.delivered.size(), 1U);
  EXPECT_TRUE(server_.delivered[0] == delivery_.content);
}

// SPEC D12: cut into slices on the way, and counted.
TEST_F(SmtpClientTest, LimitedBandwidth_ContentArrivesWhole) {
  Egress egress(50'000'000);
  options_.egress = &egress;
  delivery_.content.clear();
  for (int i = 0; i < 9000; ++i) delivery_.content += "." + std::string(90, 'x') + "\r\n";
  const double before = TheFigures().egress_bytes[3].Value();
  Send({"a@example.net"});
  ASSERT_EQ(server_.delivered.size(), 1U);
  EXPECT_TRUE(server_.delivered[0] == delivery_.content);
  const double dots_and_end = 9000 + 3;
  EXPECT_EQ(TheFigures().egress_bytes[3].Value() - before,
            static_cast<double>(delivery_.content.size()) + dots_and_end);
}

// SPEC P3: a held transfer is not late by our own fault.
TEST_F(SmtpClientTest, HeldForLongerThanTheTimeout_GoesOnByItself) {
  options_.reply_timeout = options_.final_timeout = absl::Milliseconds(100);
  Egress egress(100'000);
  options_.egress = &egress;
  TaskGroup urgent(context_.get_executor(), "urgent");
  ASSERT_EQ(Open().fault, Fault::kNone);
  for (int i = 0; i < 4; ++i) urgent.Spawn(TakeSlices(&egress, 10));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Said(Send({"a@example.net"})[0]), Expect(Stage::kEndOfData, Fault::kNone, 250));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(200));
  EXPECT_THAT(server_.delivered, ElementsAre(delivery_.content));
  staffetta::Await(context_, Ended(&urgent));
}

// Somebody else may have it by then.
TEST_F(SmtpClientTest, LeaseEndsWhileItIsHeld_ContentIsNotSent) {
  Egress egress(100'000);
  options_.egress = &egress;
  TaskGroup urgent(context_.get_executor(), "urgent");
  ASSERT_EQ(Open().fault, Fault::kNone);
  for (int i = 0; i < 4; ++i) urgent.Spawn(TakeSlices(&egress, 5));
  delivery_.lease.ends = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  EXPECT_EQ(Said(Send({"a@example.net"})[0]), Expect(Stage::kData, Fault::kLeaseLost));
  EXPECT_FALSE(client_->usable());
  staffetta::Await(context_, Ended(&urgent));
  EXPECT_THAT(server_.contents, IsEmpty());
}

TEST_F(SmtpClientTest, TooLargeForThePeer_IsNotTried) {
  server_.abilities = {"PIPELINING", "SIZE 10"};
  const auto heard = Send({"a@example.net"});
  EXPECT_EQ(heard[0].fault, Fault::kTooLarge);
  EXPECT_EQ(server_.commands.size(), 1U);
}

// THREATS: CR/LF injection
TEST_F(SmtpClientTest, AddressThatBreaksOut_IsNeverWritten) {
  for (std::string_view address :
       {"a@example.net>\r\nRCPT TO:<b@example.net", "a@example.net> SIZE=1", "a\n@example.net", "",
        "a@example.net\r"}) {
    const auto heard = Send({address, "ok@example.net"});
    EXPECT_EQ(Said(heard[0]), Expect(Stage::kRcpt, Fault::kBadAddress, 553)) << address;
    EXPECT_EQ(Said(heard[1]), Expect(Stage::kEndOfData, Fault::kNone, 250));
  }
  delivery_.sender = "s@example.com> X=\r\nDATA";
  EXPECT_EQ(Send({"a@example.net"})[0].fault, Fault::kBadAddress);
  for (const std::string& command : server_.commands) {
    EXPECT_THAT(command, testing::Not(HasSubstr("b@example.net")));
  }
}

TEST_F(SmtpClientTest, Utf8Address_NeedsSmtputf8) {
  const std::string address = "j\xc3\xb6rg@example.net";
  EXPECT_EQ(Send({address})[0].fault, Fault::kNeedsUtf8);
  client_.reset();
  server_.abilities = {"SMTPUTF8"};
  delivery_.utf8 = true;
  EXPECT_EQ(Send({address})[0].reply.code, 250);
  EXPECT_THAT(server_.commands, testing::Contains("MAIL FROM:<s@example.com> SMTPUTF8"));
}

TEST_F(SmtpClientTest, EightBitContent_IsDeclaredWhereItCanBe) {
  delivery_.eight_bit = true;
  Send({"a@example.net"});
  EXPECT_EQ(server_.commands[1], "MAIL FROM:<s@example.com> SIZE=27 BODY=8BITMIME");
}

// SPEC S4: RFC 6152 §3
TEST_F(SmtpClientTest, EightBitContent_IsRecodedForAServerWithout8BitMime) {
  server_.abilities = {"PIPELINING", "SIZE"};
  delivery_.eight_bit = true;
  delivery_.content = "MIME-Version: 1.0\r\n\r\n.caff\xc3\xa8 e latte\r\n";
  EXPECT_EQ(Send({"a@example.net"})[0].reply.code, 250);
  const std::string recoded =
      "Content-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\r\n"
      ".caff=C3=A8 e latte\r\n";
  EXPECT_THAT(server_.delivered, ElementsAre(recoded));
  EXPECT_EQ(server_.commands[1],
            "MAIL FROM:<s@example.com> SIZE=" + std::to_string(recoded.size()));
}

// SPEC S4: RFC 3030
TEST_F(SmtpClientTest, BinaryContent_LeavesAsOneChunk) {
  server_.abilities = {"PIPELINING", "CHUNKING", "BINARYMIME"};
  delivery_.binary = true;
  delivery_.content = std::string("MIME-Version: 1.0\r\n\r\n\r.\n\0\r\n.\r\nQUIT\r\n", 36);
  for (int i = 0; i < 100000; ++i) delivery_.content += static_cast<char>(i * 31);
  server_.script["RCPT"] = {"550 no", "250 ok"};
  const auto heard = Send({"a@example.net", "b@example.net"});
  EXPECT_EQ(Said(heard[0]), Expect(Stage::kRcpt, Fault::kNone, 550));
  EXPECT_EQ(Said(heard[1]), Expect(Stage::kEndOfData, Fault::kNone, 250));
  ASSERT_EQ(server_.delivered.size(), 1U);
  EXPECT_TRUE(server_.delivered[0] == delivery_.content);
  EXPECT_EQ(server_.commands[1], "MAIL FROM:<s@example.com> BODY=BINARYMIME");
  EXPECT_EQ(server_.commands.back(), "BDAT 100036 LAST");
}

TEST_F(SmtpClientTest, NobodyAccepted_NoChunkFollows) {
  for (const bool pipelining : {true, false}) {
    client_.reset();
    server_.abilities = {"CHUNKING", "BINARYMIME"};
    if (pipelining) server_.abilities.push_back("PIPELINING");
    delivery_.binary = true;
    server_.script["RCPT"] = {"550 no"};
    EXPECT_EQ(Said(Send({"a@example.net"})[0]), Expect(Stage::kRcpt, Fault::kNone, 550));
    EXPECT_THAT(server_.contents, IsEmpty());
  }
  EXPECT_EQ(Said(Send({"b@example.net"})[0]), Expect(Stage::kEndOfData, Fault::kNone, 250));
  EXPECT_THAT(server_.commands, testing::Contains("RSET"));
}

TEST_F(SmtpClientTest, ChunkRefused_TheNextTransactionBeginsAnew) {
  server_.abilities = {"PIPELINING", "CHUNKING", "BINARYMIME"};
  delivery_.binary = true;
  server_.script["BDAT"] = {"452 4.3.1 full"};
  EXPECT_EQ(Said(Send({"a@example.net"})[0]), Expect(Stage::kEndOfData, Fault::kNone, 452));
  EXPECT_EQ(Said(Send({"a@example.net"})[0]), Expect(Stage::kEndOfData, Fault::kNone, 250));
  EXPECT_THAT(server_.commands, testing::Contains("RSET"));
}

// RFC 9422
TEST_F(SmtpClientTest, LastTransactionThatIsAllowed_EndsTheConnection) {
  server_.abilities = {"PIPELINING", "LIMITS MAILMAX=2"};
  Send({"a@example.net"});
  EXPECT_TRUE(client_->usable());
  Send({"a@example.net"});
  EXPECT_FALSE(client_->usable());
}

TEST_F(SmtpClientTest, NullSender_IsWrittenAsSuch) {
  delivery_.sender.clear();
  Send({"a@example.net"});
  EXPECT_EQ(server_.commands[1], "MAIL FROM:<> SIZE=27");
}

TEST_F(SmtpClientTest, LostLease_ContentIsNotSent) {
  Open();
  delivery_.lease.lost = true;
  EXPECT_EQ(Send({"a@example.net"})[0].fault, Fault::kLeaseLost);
  EXPECT_FALSE(client_->usable());
  EXPECT_THAT(server_.contents, IsEmpty());
}

TEST_F(SmtpClientTest, InvalidUtf8InReply_DoesNotGetThrough) {
  server_.script["RCPT"] = {"550 caf\xe9"};
  EXPECT_EQ(Send({"a@example.net"})[0].reply.text, "caf?");
}

// SPEC D3
TEST_F(SmtpClientTest, OfferedTls_IsUsed) {
  WithTls();
  EXPECT_EQ(Send({"a@example.net"})[0].reply.code, 250);
  EXPECT_EQ(server_.encrypted, 1);
  EXPECT_EQ(client_->security(), Security::kEncrypted);
  EXPECT_EQ(server_.delivered.size(), 1U);
}

// SPEC S4: RFC 8689
TEST_F(SmtpClientTest, RequiredTls_NeedsAVerifiedNameAndThePromise) {
  WithTls();
  delivery_.demands.require_tls = true;
  server_.abilities = {"PIPELINING", "REQUIRETLS"};
  EXPECT_EQ(Send({"a@example.net"})[0].fault, Fault::kNeedsTls);

  const auto trusting =
      net::TlsContext::OpportunisticClient(testing::TempDir() + "delivery-tls/cert");
  ASSERT_TRUE(trusting.ok()) << trusting.status();
  options_.tls = *trusting;
  client_.reset();
  EXPECT_EQ(Send({"a@example.net"})[0].reply.code, 250);
  EXPECT_EQ(client_->security(), Security::kVerified);
  EXPECT_THAT(server_.commands, testing::Contains("MAIL FROM:<s@example.com> REQUIRETLS"));

  client_.reset();
  server_.abilities = {"PIPELINING"};
  EXPECT_EQ(Send({"a@example.net"})[0].fault, Fault::kNeedsRequireTls);

  client_.reset();
  server_.abilities = {"PIPELINING", "REQUIRETLS"};
  server_name_ = "other.test";
  EXPECT_EQ(Send({"a@example.net"})[0].fault, Fault::kNeedsTls);
}

TEST_F(SmtpClientTest, StartTlsRefused_GoesOnInClear) {
  WithTls();
  server_.script["STARTTLS"] = {"454 4.7.0 no"};
  EXPECT_EQ(Send({"a@example.net"})[0].reply.code, 250);
  EXPECT_EQ(server_.connections, 1);
  EXPECT_EQ(client_->security(), Security::kClear);
}

TEST_F(SmtpClientTest, HandshakeFails_ConnectsAgainInClear) {
  WithTls();
  server_.script["STARTTLS"] = {"220 go!close"};
  EXPECT_EQ(Send({"a@example.net"})[0].reply.code, 250);
  EXPECT_EQ(server_.connections, 2);
  EXPECT_EQ(client_->security(), Security::kClear);
}

// CVE-2011-0411 from the other side
TEST_F(SmtpClientTest, RepliesBehindStartTls_AreNotBelieved) {
  WithTls();
  server_.script["STARTTLS"] = {"220 go\r\n250-evil\r\n250 SIZE 1"};
  EXPECT_EQ(Send({"a@example.net"})[0].reply.code, 250);
}

}  // namespace
}  // namespace staffetta::delivery
