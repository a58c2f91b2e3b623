// Large content through a session into the queue (SPEC Q8).

#include "gateway/content_stream.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "common/base/await.h"
#include "common/net/scripted_stream.h"
#include "common/smtp/sasl.h"
#include "gateway/fakes.h"
#include "gateway/session.h"

namespace staffetta::gateway {
namespace {

const std::string kHeader = "From: ann@example.com\r\n\r\n";

// So many octets of content: the header, and lines of which many begin with dots.
std::string Content(size_t size, std::string header = kHeader) {
  const std::string line = ".a line\r\n..\r\n.\r\n \r\n";
  std::string content = std::move(header);
  while (content.size() + 2 * line.size() < size) content += line;
  content += std::string(size - content.size() - 2, 'x') + "\r\n";
  return content;
}

std::string Stuffed(std::string_view content) {
  std::string out;
  smtp::EncodeData(content, &out);
  return out;
}

std::string Chunk(std::string_view octets, std::string_view last = "") {
  return absl::StrCat("BDAT ", octets.size(), std::string(last), "\r\n") + std::string(octets);
}

class ContentStreamTest : public testing::Test {
 protected:
  // What was said, all of it.
  std::string Play(std::vector<std::string> script) {
    script.insert(script.begin(),
                  "EHLO c.example\r\nAUTH PLAIN " + smtp::EncodePlain("s1_0", "secret") + "\r\n");
    return PlayBare(std::move(script));
  }
  std::string PlayBare(std::vector<std::string> script) {
    asio::io_context io;
    TaskGroup group(io.get_executor(), "test");
    auto stream = std::make_unique<net::ScriptedStream>(std::move(script));
    net::ScriptedStream& peer = *stream;
    Session session(std::move(stream), &surroundings_, &group,
                    {"192.0.2.1", TlsPolicy::kOptional, limits_.Enter()});
    group.Spawn(session.Run());
    io.run();
    EXPECT_EQ(memory_.used(), 0);
    return peer.output();
  }
  std::string Data(std::string_view content, std::string_view options = "") {
    return Play({Envelope(options) + "DATA\r\n", Stuffed(content), "QUIT\r\n"});
  }
  static std::string Envelope(std::string_view options = "") {
    return absl::StrCat("MAIL FROM:<ann@example.com>", std::string(options),
                        "\r\nRCPT TO:<bob@r.example>\r\n");
  }
  // Of the only message.
  const Message& Queued() {
    EXPECT_EQ(backends_.queue.size(), 1U);
    return backends_.queue.messages.back();
  }
  std::string QueuedContent() { return backends_.queue.ContentOf(Queued()); }

  FakeBackends backends_;
  MemoryBudget memory_{8 << 20};
  SessionLimits limits_{{.in_all = 1, .per_address = 1, .per_user = 1}};
  FakeClock clock_;
  Surroundings surroundings_{.backends = backends_.all(), .memory = &memory_, .clock = &clock_};
  Settings& settings_ = surroundings_.settings;
};

// SPEC Q8
TEST_F(ContentStreamTest, Threshold_NIsWholeAndOneMoreIsAStream) {
  for (const size_t size : {kPiece, kPiece + 1}) {
    backends_.queue.messages.clear();
    backends_.queue.pieces.clear();
    const std::string content = Content(size);
    EXPECT_NE(Data(content).find("250 2.0.0 queued as"), std::string::npos);
    EXPECT_EQ(Queued().content_pieces, size > kPiece ? 2 : 0);
    EXPECT_EQ(Queued().content.empty(), size > kPiece);
    EXPECT_TRUE(QueuedContent().ends_with(content.substr(kHeader.size() - 2)));
  }
}

// SPEC Q8 S8
TEST_F(ContentStreamTest, EveryOctet_ArrivesInPiecesOfOneSize) {
  const std::string content = Content(5 * kPiece + 1, "Bcc: x@y.example\r\n" + kHeader);
  Data(content);
  const Message& message = Queued();
  const std::string queued = QueuedContent();
  EXPECT_EQ(message.content_size, static_cast<int64_t>(queued.size()));
  EXPECT_EQ(message.content_pieces, 6);
  for (const auto& [number, piece] : backends_.queue.pieces[message.id]) {
    EXPECT_EQ(piece.size(), number < 5 ? kPiece : queued.size() - 5 * kPiece);
  }
  EXPECT_TRUE(queued.starts_with("Message-ID:") || queued.starts_with("Received:"))
      << queued.substr(0, 80);
  EXPECT_EQ(queued.find("Bcc:"), std::string::npos);
  EXPECT_TRUE(queued.ends_with(content.substr(content.find("From:"))));
  EXPECT_EQ(message.recipients, std::vector<std::string>{"bob@r.example"});
}

TEST_F(ContentStreamTest, HeaderThatEndsAtTheThreshold_StreamsFromThere) {
  for (const size_t more : {0, 1, 2}) {  // 999, 1000, 1001
    backends_.queue.messages.clear();
    settings_.stream_from = 1000;
    const std::string filler = "X: " + std::string(994 + more - kHeader.size(), 'x') + "\r\n";
    const std::string header = filler + kHeader;
    const std::string content = Content(600 << 10, header);
    Data(content);
    EXPECT_EQ(Queued().content_pieces, 3) << header.size();
    EXPECT_TRUE(QueuedContent().ends_with(content)) << header.size();
  }
}

// The stream waits for the header, which has a limit of its own.
TEST_F(ContentStreamTest, HeaderOverTheThreshold_IsStillBounded) {
  settings_.stream_from = 1000;
  settings_.max_header = 5000;
  std::string header;
  while (header.size() + 1000 < 4900) header += "X: " + std::string(900, 'x') + "\r\n";
  EXPECT_NE(Data(Content(20000, header + kHeader)).find("250 2.0.0 queued"), std::string::npos);
  EXPECT_NE(Data(Content(20000, header + header + kHeader)).find("552 5.3.4"), std::string::npos);
  EXPECT_EQ(backends_.queue.size(), 1U);
}

// SPEC V7
TEST_F(ContentStreamTest, RefusedHeader_IsToldAtTheEndAndNothingIsPut) {
  const std::string content = Content(3 * kPiece, "From: eve@else.example\r\n\r\n");
  const std::string said = Data(content);
  EXPECT_NE(said.find("354 "), std::string::npos);
  EXPECT_NE(said.find("550 5.7.1"), std::string::npos);
  EXPECT_NE(said.find("221 2.0.0"), std::string::npos) << "the session is in step";
  EXPECT_EQ(backends_.queue.puts, 0);
  EXPECT_EQ(backends_.queue.size(), 0U);
}

// SPEC U10: it is counted once, when its header is judged.
TEST_F(ContentStreamTest, Caps_CountIt) {
  backends_.authenticator.users["s1_0"].identity.caps.messages_per_minute = 1;
  Data(Content(3 * kPiece));
  EXPECT_EQ(backends_.queue.size(), 1U);
  const int puts = backends_.queue.puts;
  EXPECT_NE(Data(Content(3 * kPiece)).find("451 4.7.1"), std::string::npos);
  EXPECT_EQ(backends_.queue.puts, puts);
}

// SPEC Q1: whichever piece is not put, nothing is queued and the client tries again.
TEST_F(ContentStreamTest, PieceThatIsNotPut_Is451) {
  const std::string content = Content(4 * kPiece);
  for (const int failing : {0, 1, 3, 4}) {
    backends_.queue.puts = 0;
    backends_.queue.failing_put = failing;
    const std::string said = Data(content);
    EXPECT_NE(said.find("451 4.3.0"), std::string::npos) << failing << said;
    EXPECT_NE(said.find("221 2.0.0"), std::string::npos);
    EXPECT_EQ(backends_.queue.size(), 0U);
  }
}

TEST_F(ContentStreamTest, ClientThatLeavesInTheMiddle_LeavesNothingQueued) {
  std::string cut = Stuffed(Content(3 * kPiece));
  cut.resize(cut.size() - 3);
  Play({Envelope() + "DATA\r\n", cut});
  EXPECT_GT(backends_.queue.puts, 0);
  EXPECT_EQ(backends_.queue.size(), 0U);
}

// SPEC S6
TEST_F(ContentStreamTest, SizeLimit_HoldsForStreams) {
  settings_.max_message_size = 3 * kPiece;
  EXPECT_NE(Data(Content(3 * kPiece)).find("250 2.0.0 queued"), std::string::npos);
  EXPECT_NE(Data(Content(3 * kPiece + 1)).find("552 5.3.4"), std::string::npos);
  EXPECT_EQ(backends_.queue.size(), 1U);
}

// SPEC S6: two pieces, and what has come when the stream begins, whatever the size.
TEST_F(ContentStreamTest, Memory_IsThatOfTwoPieces) {
  const std::string content = Content(20 * kPiece);
  const auto said_with = [&](int64_t limit) {
    MemoryBudget memory(limit);
    surroundings_.memory = &memory;
    const std::string said = Data(content);
    EXPECT_EQ(memory.used(), 0);
    return said;
  };
  // The content that has come has up to twice its size when it grows.
  const int64_t enough = HeldByStream(kPiece) + 2 * static_cast<int64_t>(kPiece);
  EXPECT_NE(said_with(enough).find("250 2.0.0 queued"), std::string::npos);
  EXPECT_NE(said_with(HeldByStream(kPiece)).find("452 4.3.1"), std::string::npos);
  EXPECT_EQ(backends_.queue.most_putting, 1);
  EXPECT_EQ(backends_.queue.size(), 1U);
}

// SPEC S6
TEST_F(ContentStreamTest, NestedTooDeep_IsSeenWhereverItStands) {
  settings_.max_mime_depth = 2;
  const std::string header = "Content-Type: multipart/mixed; boundary=b\r\n" + kHeader;
  const std::string attached = "--b\r\nContent-Type: message/rfc822\r\n\r\n";
  const std::string deeper = "Content-Type: message/rfc822\r\n\r\n";
  EXPECT_NE(Data(Content(3 * kPiece, header) + attached).find("250 2.0.0"), std::string::npos);
  for (const std::string& end : {std::string(), Content(2 * kPiece)}) {
    const std::string said = Data(Content(3 * kPiece, header) + attached + deeper + end);
    EXPECT_NE(said.find("554 5.6.0"), std::string::npos) << said;
  }
  EXPECT_EQ(backends_.queue.size(), 1U);
}

// What hosts have to know of the message is found wherever it stands.
TEST_F(ContentStreamTest, Flags_AreThoseOfTheWhole) {
  const std::string header = "Content-Type: multipart/mixed; boundary=b\r\n" + kHeader;
  Data(Content(3 * kPiece, header), " SMTPUTF8");
  EXPECT_FALSE(Queued().eight_bit || Queued().utf8 || Queued().binary);
  backends_.queue.messages.clear();
  Data(Content(3 * kPiece, header) + "\xc3\xa9\r\n", " SMTPUTF8");
  EXPECT_TRUE(Queued().eight_bit);
  EXPECT_FALSE(Queued().utf8_header || Queued().utf8);
  backends_.queue.messages.clear();
  Data(Content(3 * kPiece, header) + "--b\r\nX: \xc3\xa9\r\n\r\n", " SMTPUTF8");
  EXPECT_TRUE(Queued().eight_bit && Queued().utf8_header && Queued().utf8);
}

// SPEC S4: CHUNKING, BINARYMIME
TEST_F(ContentStreamTest, Chunks_FlowAsDataDoes) {
  const std::string content = Content(3 * kPiece);
  for (const std::string& octet : {std::string(), std::string("\n")}) {
    backends_.queue.messages.clear();
    const std::string binary = content + octet;
    const std::string_view all = binary;
    const std::string said =
        Play({Envelope(" BODY=BINARYMIME"), Chunk(all.substr(0, 300'000)),
              Chunk(all.substr(300'000, 1)), Chunk(all.substr(300'001), " LAST"), "QUIT\r\n"});
    EXPECT_EQ(Queued().binary, !octet.empty());
    EXPECT_TRUE(QueuedContent().ends_with(binary)) << said;
  }
}

TEST_F(ContentStreamTest, RefusedHeaderInAChunk_EndsTheTransactionThere) {
  const std::string content = Content(2 * kPiece, "From: eve@else.example\r\n\r\n");
  const std::string said = Play({Envelope() + Chunk(content), Chunk("x\r\n", " LAST"), "QUIT\r\n"});
  EXPECT_NE(said.find("550 5.7.1"), std::string::npos);
  EXPECT_NE(said.find("503 5.5.1"), std::string::npos);
}

TEST_F(ContentStreamTest, ResetInTheMiddle_ForgetsIt) {
  Play({Envelope() + Chunk(Content(3 * kPiece)), "RSET\r\n",
        Envelope() + Chunk(kHeader + "x\r\n", " LAST"), "QUIT\r\n"});
  EXPECT_EQ(Queued().content_pieces, 0);
}

// SPEC X1: the fields need the text, so that it is the exception.
TEST_F(ContentStreamTest, DynamicFields_KeepItWhole) {
  const std::string header =
      "X-SMTPAPI: {\"DynamicFields\":[{\"N\":\"n\",\"V\":\"Ann\"}]}\r\n" + kHeader;
  Data(Content(3 * kPiece, header) + "[n]\r\n");
  EXPECT_EQ(Queued().content_pieces, 0);
  EXPECT_TRUE(Queued().content.ends_with("Ann\r\n"));
  EXPECT_EQ(backends_.senders.calls, 1) << "the header is judged once";
}

// SPEC S12
TEST_F(ContentStreamTest, ReturnedMail_StreamsToo) {
  settings_.return_path_domain = "back.example";
  const std::string content = Content(3 * kPiece, "no header\r\n");
  PlayBare({"EHLO c.example\r\n", "MAIL FROM:<>\r\nRCPT TO:<x@back.example>\r\nDATA\r\n",
            Stuffed(content), "QUIT\r\n"});
  EXPECT_EQ(Queued().identity.channel, kReturnsChannel);
  EXPECT_EQ(Queued().content_pieces, 4);
  EXPECT_TRUE(QueuedContent().starts_with("Received:"));
  EXPECT_TRUE(QueuedContent().ends_with(content));
}

}  // namespace
}  // namespace staffetta::gateway
