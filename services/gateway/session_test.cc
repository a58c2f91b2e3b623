// What a dialogue's text does not show: writes, questions to the backends, the log.

#include "gateway/session.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <chrono>

#include "common/base/task_group.h"
#include "common/net/scripted_stream.h"
#include "common/smtp/sasl.h"
#include "gateway/fakes.h"

namespace staffetta::gateway {
namespace {

class SessionTest : public testing::Test {
 protected:
  // Counts writes.
  class Stream final : public net::Stream {
   public:
    Stream(std::vector<std::string> chunks, int* writes)
        : script_(std::move(chunks)), writes_(*writes) {}
    Co<absl::StatusOr<size_t>> ReadSome(char* data, size_t size) override {
      return script_.ReadSome(data, size);
    }
    Co<absl::Status> Write(std::string_view data) override {
      ++writes_;
      return script_.Write(data);
    }
    void SetDeadline(absl::Duration) override {}
    Co<absl::Status> AcceptTls(std::shared_ptr<const net::TlsContext> context) override {
      return script_.AcceptTls(std::move(context));
    }
    Co<absl::Status> ConnectTls(std::shared_ptr<const net::TlsContext> context,
                                std::string name) override {
      return script_.ConnectTls(std::move(context), std::move(name));
    }
    std::optional<net::TlsInfo> tls() const override { return script_.tls(); }
    asio::ip::address peer_address() const override { return script_.peer_address(); }
    asio::ip::address local_address() const override { return script_.local_address(); }
    uint16_t local_port() const override { return script_.local_port(); }
    bool HasInput() const override { return script_.HasInput(); }
    void Interrupt() override { script_.Interrupt(); }
    Co<absl::Status> Finish(std::string last_words, absl::Duration at_most) override {
      ++writes_;
      return script_.Finish(std::move(last_words), at_most);
    }
    void Close() override { script_.Close(); }

   private:
    net::ScriptedStream script_;
    int& writes_;
  };

  // `close`: while it runs.
  void Play(std::vector<std::string> chunks, bool close = false) {
    asio::io_context io;
    TaskGroup group(io.get_executor(), "test");
    Session session(std::make_unique<Stream>(std::move(chunks), &writes_), &surroundings_, &group,
                    {"192.0.2.1", TlsPolicy::kOptional, limits_.Enter()});
    group.Spawn(session.Run());
    if (close) asio::post(io, [&session] { session.Close(); });
    io.run();
  }

  const std::string hello_ =
      "EHLO c.example\r\nAUTH PLAIN " + smtp::EncodePlain("s1_0", "secret") + "\r\n";
  const std::string envelope_ =
      "MAIL FROM:<ann@example.com>\r\nRCPT TO:<bob@r.example>\r\nDATA\r\n";

  FakeBackends backends_;
  MemoryBudget memory_{1 << 20};
  SessionLimits limits_{{.in_all = 1, .per_address = 1, .per_user = 1}};
  FakeClock clock_;
  Surroundings surroundings_{.backends = backends_.all(), .memory = &memory_, .clock = &clock_};
  int writes_ = 0;
};

// SPEC S4
TEST_F(SessionTest, PipelinedBurst_IsAnsweredInOneWrite) {
  Play({hello_, envelope_, "From: ann@example.com\r\n\r\n.\r\n", "QUIT\r\n"});
  EXPECT_EQ(writes_, 5) << "banner, EHLO and AUTH, the envelope, the content, QUIT";
  EXPECT_EQ(backends_.queue.size(), 1U);
}

// SPEC S3: an answer that auth delays is not there before, and ends with the session.
TEST_F(SessionTest, DelayedAnswer_IsNotSaidBeforeItsTime) {
  backends_.authenticator.delay = absl::Milliseconds(30);
  const auto start = std::chrono::steady_clock::now();
  Play({hello_, "QUIT\r\n"});
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(30));
  backends_.authenticator.delay = absl::Hours(1);
  Play({hello_, "QUIT\r\n"}, true);
}

// SPEC V6
TEST_F(SessionTest, FromThatIsTheEnvelopeSender_IsAskedOnce) {
  Play({hello_, envelope_, "From: ANN@Example.com\r\n\r\n.\r\n", "QUIT\r\n"});
  EXPECT_EQ(backends_.queue.size(), 1U);
  EXPECT_EQ(backends_.senders.calls, 1);
}

TEST_F(SessionTest, NextTransaction_IsAskedAgain) {
  const std::string message = "From: ann@example.com\r\n\r\n.\r\n";
  Play({hello_, envelope_, message, envelope_, message, "QUIT\r\n"});
  EXPECT_EQ(backends_.queue.size(), 2U);
  EXPECT_EQ(backends_.senders.calls, 2);
}

TEST_F(SessionTest, RefusedHeaderFrom_TellsItsSubject) {
  Play({hello_, envelope_, "From: eve@else.example\r\nSubject: hi\r\n there\r\n\r\n.\r\n"});
  EXPECT_EQ(backends_.queue.size(), 0U);
  EXPECT_EQ(backends_.senders.last_subject, "hi there");
}

TEST_F(SessionTest, UnknownNetwork_IsAskedOncePerConnection) {
  Play(
      {"EHLO c.example\r\n", "MAIL FROM:<ann@example.com>\r\n", "MAIL FROM:<ann@example.com>\r\n"});
  EXPECT_EQ(backends_.authenticator.network_calls, 1);
}

TEST_F(SessionTest, QueuedMessage_SaysWhoseAndWhat) {
  Play({hello_, "MAIL FROM:<ann@example.com> SIZE=9\r\nRCPT TO:<\"b c\"@R.example>\r\nDATA\r\n",
        "From: ann@example.com\r\nSubject: hello\r\n\r\n\xc3\xa9\r\n.\r\n", "QUIT\r\n"});
  ASSERT_EQ(backends_.queue.size(), 1U);
  const Message& message = backends_.queue.messages.front();
  EXPECT_EQ(message.id.size(), 22U);
  EXPECT_EQ(message.identity.user, "s1_0");
  EXPECT_EQ(message.sender, "ann@example.com");
  EXPECT_EQ(message.recipients, std::vector<std::string>{"\"b c\"@R.example"});
  EXPECT_EQ(message.priority, 3);
  EXPECT_EQ(message.subject, "hello");
  EXPECT_EQ(message.client_address, "192.0.2.1");
  EXPECT_TRUE(message.eight_bit);
  EXPECT_EQ(memory_.used(), 0);
}

// SPEC S4
TEST_F(SessionTest, QueuedMessage_CarriesWhatWasAsked) {
  Play({hello_,
        "MAIL FROM:<ann@example.com> RET=HDRS ENVID=a+2Bb MT-PRIORITY=4 BY=120;RT\r\n"
        "RCPT TO:<bob@r.example> NOTIFY=NEVER\r\nRCPT TO:<eve@r.example>\r\n"
        "RCPT TO:<BOB@r.example> NOTIFY=SUCCESS ORCPT=rfc822;x@y\r\nDATA\r\n",
        "From: ann@example.com\r\n\r\n.\r\n", "QUIT\r\n"});
  ASSERT_EQ(backends_.queue.size(), 1U);
  const Message& message = backends_.queue.messages.front();
  EXPECT_EQ(message.priority, 2);
  const Demands& demands = message.demands;
  EXPECT_EQ(demands.ret, smtp::Ret::kHeaders);
  EXPECT_EQ(demands.envelope_id, "a+b");
  EXPECT_EQ(demands.mt_priority, 4);
  EXPECT_EQ(demands.deliver_by, clock_.Now() + absl::Seconds(120));
  EXPECT_EQ(message.lifetime, absl::Seconds(120));
  EXPECT_EQ(message.recipients, (std::vector<std::string>{"bob@r.example", "eve@r.example"}));
  ASSERT_EQ(demands.notices.size(), 1U);
  EXPECT_EQ(demands.notices[0].recipient, "bob@r.example");
  EXPECT_EQ(demands.notices[0].notify, smtp::Notify{.success = true});
  EXPECT_EQ(demands.notices[0].original_recipient, "rfc822;x@y");
}

// SPEC S4, RFC 6531 §3.6
TEST_F(SessionTest, Utf8_IsSaidOfMessagesThatNeedIt) {
  const auto utf8 = [this](const std::string& mail, const std::string& rcpt,
                           const std::string& header) {
    backends_.queue.messages.clear();
    Play({hello_, "MAIL FROM:<" + mail + "\r\nRCPT TO:<" + rcpt + ">\r\nDATA\r\n",
          "From: ann@example.com\r\n" + header + "\r\n\xc3\xa9\r\n.\r\n", "QUIT\r\n"});
    EXPECT_EQ(backends_.queue.size(), 1U);
    return backends_.queue.messages.front().utf8;
  };
  const std::string ann = "ann@example.com>";
  const std::string bob = "bob@r.example";
  EXPECT_FALSE(utf8(ann + " SMTPUTF8", bob, ""));
  EXPECT_TRUE(utf8("jos\xc3\xa9@example.com> SMTPUTF8", bob, ""));
  EXPECT_TRUE(utf8(ann + " SMTPUTF8", "jos\xc3\xa9@r.example", ""));
  EXPECT_TRUE(utf8(ann + " SMTPUTF8", bob, "Subject: caf\xc3\xa9\r\n"));
  EXPECT_FALSE(utf8(ann + " SMTPUTF8", bob, "Bcc: jos\xc3\xa9@r.example\r\n")) << "it is gone";
  EXPECT_FALSE(utf8(ann, bob, "Subject: caf\xc3\xa9\r\n")) << "it was not asked for";
}

TEST_F(SessionTest, EndlessBurst_IsAnsweredInPieces) {
  std::string burst;
  for (int i = 0; i < 3000; ++i) burst += "NOOP\r\n";
  Play({burst, "QUIT\r\n"});
  EXPECT_GE(writes_, 3) << "replies are written before they have become many";
}

}  // namespace
}  // namespace staffetta::gateway
