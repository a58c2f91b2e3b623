// Content in pieces on its way to a peer (SPEC Q8).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/worker_fixture.h"

namespace staffetta::delivery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kPieces = {"Subject: large\r\n\r\n.first\r", "\n.second\r\n",
                                          ".third\r\n.", "\r\n"};

std::string Joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

class ContentStreamTest : public WorkerTest {
 protected:
  pb::LeasedDelivery InPieces(const std::string& id, std::vector<std::string> pieces = kPieces) {
    pb::LeasedDelivery leased = Leased(id, {"a@example.net"});
    leased.clear_content();
    leased.set_content_size(static_cast<int64_t>(Joined(pieces).size()));
    leased.set_content_pieces(static_cast<int>(pieces.size()));
    queue_.pieces[leased.message_id()] = std::move(pieces);
    return leased;
  }
  // The outcome of the only recipient.
  pb::RecipientOutcome Deliver(pb::LeasedDelivery leased) {
    queue_.Add(std::move(leased));
    RunUntil(queue_.completions.size() + 1);
    return queue_.completions.back().outcomes(0);
  }
};

TEST_F(ContentStreamTest, Pieces_LeaveAsOneContent) {
  EXPECT_EQ(Deliver(InPieces("m.0")).kind(), pb::OUTCOME_KIND_DELIVERED);
  EXPECT_THAT(server_.delivered, ElementsAre(Joined(kPieces)));
  EXPECT_EQ(queue_.gets, 4) << "each is asked for once";
  EXPECT_THAT(server_.commands,
              testing::Contains(HasSubstr(" SIZE=" + std::to_string(Joined(kPieces).size()))));
}

// A server that has refused all recipients is sent nothing, and no more is fetched than the first.
TEST_F(ContentStreamTest, RefusedRecipients_CostOnePiece) {
  server_.script["RCPT"] = {"550 5.1.1 no"};
  EXPECT_EQ(Deliver(InPieces("m.0")).kind(), pb::OUTCOME_KIND_FAILED);
  EXPECT_EQ(queue_.gets, 1);
}

// SPEC D5: the server never sees the end of content of which a piece is missing.
TEST_F(ContentStreamTest, MissingPiece_EndsTheConnectionBeforeTheDot) {
  struct Row {
    absl::Status damage;
    pb::OutcomeKind kind;
  };
  for (const auto& [damage, kind] :
       {Row{absl::UnavailableError("Redis is away"), pb::OUTCOME_KIND_DEFERRED},
        Row{absl::DataLossError("checksum"), pb::OUTCOME_KIND_FAILED},
        Row{absl::NotFoundError("gone"), pb::OUTCOME_KIND_FAILED}}) {
    queue_.damage = damage;
    for (const char* const ability : {"8BITMIME", "BINARYMIME"}) {
      server_.abilities = {"PIPELINING", "CHUNKING", ability};
      auto pieces = kPieces;
      pieces[2].clear();
      pb::LeasedDelivery leased = InPieces("m.0", pieces);
      leased.mutable_envelope()->set_binary(std::string_view(ability) == "BINARYMIME");
      leased.set_content_size(leased.content_size() + 8);
      const int connections = server_.connections;
      EXPECT_EQ(Deliver(std::move(leased)).kind(), kind) << damage;
      EXPECT_THAT(queue_.completions.back().outcomes(0).reply().host(), "") << "it is ours";
      EXPECT_EQ(server_.connections, connections + 1) << "the one before was closed";
    }
  }
  EXPECT_THAT(server_.contents, ElementsAre());
  EXPECT_EQ(Deliver(InPieces("m.1")).kind(), pb::OUTCOME_KIND_DELIVERED);
}

// Pieces that together are not what was queued.
TEST_F(ContentStreamTest, PiecesOfAnotherSize_AreDamage) {
  pb::LeasedDelivery leased = InPieces("m.0");
  leased.set_content_size(leased.content_size() + 1);
  EXPECT_EQ(Deliver(std::move(leased)).kind(), pb::OUTCOME_KIND_FAILED);
  EXPECT_THAT(server_.contents, ElementsAre());
}

// RFC 3030: no LAST before the end.
TEST_F(ContentStreamTest, BinaryContent_GoesInChunks) {
  server_.abilities = {"PIPELINING", "CHUNKING", "BINARYMIME"};
  pb::LeasedDelivery leased = InPieces("m.0", {"Subject: x\r\n\r\n\n", "\r", ".\r\n"});
  leased.mutable_envelope()->set_binary(true);
  EXPECT_EQ(Deliver(leased).kind(), pb::OUTCOME_KIND_DELIVERED);
  EXPECT_THAT(server_.delivered, ElementsAre("Subject: x\r\n\r\n\n\r.\r\n"));
  EXPECT_THAT(server_.commands, testing::IsSupersetOf({"BDAT 15", "BDAT 1", "BDAT 3 LAST"}));
}

TEST_F(ContentStreamTest, RefusedChunk_DecidesAndTheConnectionGoesOn) {
  server_.abilities = {"PIPELINING", "CHUNKING", "BINARYMIME"};
  server_.script["chunk"] = {"552 5.3.4 too much", "!close"};
  pb::LeasedDelivery leased = InPieces("m.0");
  leased.mutable_envelope()->set_binary(true);
  EXPECT_EQ(Deliver(leased).kind(), pb::OUTCOME_KIND_FAILED);
  EXPECT_THAT(server_.commands, Not(testing::Contains(HasSubstr("LAST"))));
  leased.set_delivery_id("m.1");
  leased.set_lease_id("lease-m.1");
  EXPECT_EQ(Deliver(leased).kind(), pb::OUTCOME_KIND_DEFERRED) << "nobody can have taken it";
}

// What has to be recoded is fetched whole; one at a time when there is no room for more.
TEST_F(ContentStreamTest, OldServer_GetsItRecoded) {
  options_.max_whole_content = 1;
  server_.abilities = {"PIPELINING"};
  const std::vector<std::string> pieces = {
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 8bit\r\n\r\ncaf\xc3",
      "\xa9\r\n"};
  for (const char* const id : {"a.0", "b.0", "c.0"}) {
    pb::LeasedDelivery leased = InPieces(id, pieces);
    leased.mutable_envelope()->set_eight_bit(true);
    queue_.Add(std::move(leased));
  }
  RunUntil(3);
  ASSERT_EQ(server_.delivered.size(), 3U);
  EXPECT_THAT(server_.delivered[2], HasSubstr("caf=C3=A9"));
}

// SPEC B1: RET=FULL returns what is not too large, also when it came in pieces.
TEST_F(ContentStreamTest, Report_HasTheHeaderOrAllOfIt) {
  server_.script["RCPT"] = {"550 5.1.1 no", "550 5.1.1 no"};
  pb::LeasedDelivery leased = InPieces("m.0");
  Deliver(leased);
  EXPECT_THAT(queue_.completions.back().bounce().content(), HasSubstr("Subject: large"));
  EXPECT_THAT(queue_.completions.back().bounce().content(), Not(HasSubstr("first")));
  leased = InPieces("m.1");
  leased.mutable_envelope()->mutable_demands()->set_ret(mail::v1::RET_FULL);
  Deliver(leased);
  EXPECT_THAT(queue_.completions.back().bounce().content(), HasSubstr(Joined(kPieces)));
}

// RFC 6531: nobody looks at the whole of it any more.
TEST_F(ContentStreamTest, Utf8Header_IsTakenFromTheEnvelope) {
  pb::LeasedDelivery leased = InPieces("m.0");
  leased.mutable_envelope()->set_utf8(true);
  leased.mutable_envelope()->set_utf8_header(true);
  EXPECT_EQ(Deliver(leased).reply().enhanced_code(), "5.6.7");
}

TEST_F(ContentStreamTest, Sandbox_CapturesAllOfIt) {
  pb::LeasedDelivery leased = InPieces("m.0");
  leased.mutable_envelope()->set_channel("sandbox");
  EXPECT_EQ(Deliver(leased).kind(), pb::OUTCOME_KIND_DELIVERED);
  EXPECT_EQ(queue_.gets, 4);
}

}  // namespace
}  // namespace staffetta::delivery
