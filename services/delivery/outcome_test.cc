#include "delivery/outcome.h"

#include <gtest/gtest.h>

#include <vector>

namespace staffetta::delivery {
namespace {

// SPEC D5: one row per case.

constexpr Context kLastHost{};
constexpr Context kOthersDown{.down = HostsDown::kSome};
constexpr Context kHostsLeft{.hosts = HostsLeft::kSome};
constexpr Context kReused{.connection = Connection::kReused};
constexpr Context kAccepted{.accepted = Accepted::kSome};

struct ReplyRow {
  Stage stage;
  int code;
  Context context;
  Verdict verdict;
};

TEST(OutcomeTest, Replies) {
  const std::vector<ReplyRow> rows = {
      // The greeting: the host is at fault, never the message.
      {Stage::kGreeting, 421, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kGreeting, 421, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kGreeting, 450, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kGreeting, 450, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kGreeting, 554, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kGreeting, 554, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kGreeting, 521, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kGreeting, 521, kLastHost, {Kind::kFailed, Scope::kHost}},
      // EHLO and HELO.
      {Stage::kEhlo, 421, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kGreeting, 521, kOthersDown, {Kind::kDeferred, Scope::kHost}},
      {Stage::kEhlo, 450, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kEhlo, 450, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kEhlo, 550, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kEhlo, 550, kLastHost, {Kind::kFailed, Scope::kHost}},
      // STARTTLS is a wish.
      {Stage::kStartTls, 454, kLastHost, {Kind::kWithoutTls, Scope::kHost}},
      {Stage::kStartTls, 502, kHostsLeft, {Kind::kWithoutTls, Scope::kHost}},
      {Stage::kStartTls, 421, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      // MAIL.
      {Stage::kMail, 421, kReused, {Kind::kReconnect, Scope::kHost}},
      {Stage::kMail, 421, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kMail, 421, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kMail, 451, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kMail, 451, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kMail, 451, kReused, {Kind::kDeferred, Scope::kHost}},
      {Stage::kMail, 550, kHostsLeft, {Kind::kFailed, Scope::kMessage}},
      {Stage::kMail, 552, kLastHost, {Kind::kFailed, Scope::kMessage}},
      // RCPT: one recipient's affair.
      {Stage::kRcpt, 421, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kRcpt, 421, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kRcpt, 450, kHostsLeft, {Kind::kDeferred, Scope::kRecipient}},
      {Stage::kRcpt, 550, kHostsLeft, {Kind::kFailed, Scope::kRecipient}},
      {Stage::kRcpt, 452, kAccepted, {Kind::kNextTransaction, Scope::kRecipient}},
      {Stage::kRcpt, 452, kLastHost, {Kind::kDeferred, Scope::kRecipient}},
      {Stage::kRcpt, 552, kAccepted, {Kind::kNextTransaction, Scope::kRecipient}},
      {Stage::kRcpt, 552, kLastHost, {Kind::kDeferred, Scope::kRecipient}},
      // DATA.
      {Stage::kData, 421, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kData, 451, kHostsLeft, {Kind::kDeferred, Scope::kMessage}},
      {Stage::kData, 554, kHostsLeft, {Kind::kFailed, Scope::kMessage}},
      {Stage::kChunk, 452, kHostsLeft, {Kind::kDeferred, Scope::kMessage}},
      {Stage::kChunk, 552, kHostsLeft, {Kind::kFailed, Scope::kMessage}},
      // The end of data.
      {Stage::kEndOfData, 250, kHostsLeft, {Kind::kDelivered, Scope::kMessage}},
      {Stage::kEndOfData, 421, kHostsLeft, {Kind::kNextHost, Scope::kHost}},
      {Stage::kEndOfData, 421, kLastHost, {Kind::kDeferred, Scope::kHost}},
      {Stage::kEndOfData, 451, kHostsLeft, {Kind::kDeferred, Scope::kMessage}},
      {Stage::kEndOfData, 554, kHostsLeft, {Kind::kFailed, Scope::kMessage}},
  };
  for (const ReplyRow& row : rows) {
    const Heard heard{row.stage, Fault::kNone, {row.code, {}, ""}};
    const Verdict verdict = Classify(heard, row.context);
    EXPECT_EQ(verdict, row.verdict)
        << "stage " << static_cast<int>(row.stage) << " code " << row.code << ": "
        << KindName(verdict.kind) << ", scope " << static_cast<int>(verdict.scope);
  }
}

struct FaultRow {
  Stage stage;
  Fault fault;
  Context context;
  Verdict verdict;
  std::string enhanced;
};

TEST(OutcomeTest, Faults) {
  const std::vector<FaultRow> rows = {
      {Stage::kDns, Fault::kNoHost, kLastHost, {Kind::kFailed, Scope::kSite}, "5.1.2"},
      {Stage::kDns, Fault::kNullMx, kLastHost, {Kind::kFailed, Scope::kSite}, "5.1.10"},
      {Stage::kDns, Fault::kNoAddress, kLastHost, {Kind::kFailed, Scope::kSite}, "5.4.4"},
      {Stage::kDns, Fault::kNoPublicAddress, kLastHost, {Kind::kFailed, Scope::kSite}, "5.4.4"},
      {Stage::kDns, Fault::kDnsFailure, kLastHost, {Kind::kDeferred, Scope::kSite}, "4.4.3"},
      {Stage::kConnect,
       Fault::kConnectFailed,
       kHostsLeft,
       {Kind::kNextHost, Scope::kHost},
       "4.4.1"},
      {Stage::kConnect, Fault::kConnectFailed, kLastHost, {Kind::kDeferred, Scope::kHost}, "4.4.1"},
      {Stage::kGreeting, Fault::kLost, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "4.4.2"},
      {Stage::kGreeting, Fault::kTimeout, kLastHost, {Kind::kDeferred, Scope::kHost}, "4.4.2"},
      {Stage::kGreeting, Fault::kGarbage, kLastHost, {Kind::kDeferred, Scope::kHost}, "4.5.0"},
      {Stage::kEhlo, Fault::kLost, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "4.4.2"},
      {Stage::kStartTls, Fault::kTlsFailed, kHostsLeft, {Kind::kWithoutTls, Scope::kHost}, "4.7.5"},
      {Stage::kStartTls, Fault::kLost, kLastHost, {Kind::kWithoutTls, Scope::kHost}, "4.4.2"},
      {Stage::kMail, Fault::kLost, kReused, {Kind::kReconnect, Scope::kHost}, "4.4.2"},
      {Stage::kMail, Fault::kLost, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "4.4.2"},
      {Stage::kMail, Fault::kTimeout, kLastHost, {Kind::kDeferred, Scope::kHost}, "4.4.2"},
      {Stage::kRcpt, Fault::kLost, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "4.4.2"},
      {Stage::kRcpt, Fault::kLost, kReused, {Kind::kDeferred, Scope::kHost}, "4.4.2"},
      {Stage::kData, Fault::kLost, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "4.4.2"},
      {Stage::kData, Fault::kTimeout, kLastHost, {Kind::kDeferred, Scope::kHost}, "4.4.2"},
      // The final dot is out: another host could make it two.
      {Stage::kEndOfData, Fault::kLost, kHostsLeft, {Kind::kUnknown, Scope::kMessage}, "4.4.2"},
      {Stage::kEndOfData, Fault::kTimeout, kHostsLeft, {Kind::kUnknown, Scope::kMessage}, "4.4.2"},
      {Stage::kEndOfData, Fault::kGarbage, kHostsLeft, {Kind::kUnknown, Scope::kMessage}, "4.5.0"},
      {Stage::kEndOfData, Fault::kStopped, kHostsLeft, {Kind::kUnknown, Scope::kMessage}, "4.3.2"},
      {Stage::kChunk, Fault::kLost, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "4.4.2"},
      {Stage::kData, Fault::kStopped, kHostsLeft, {Kind::kHandBack, Scope::kMessage}, "4.3.2"},
      {Stage::kData, Fault::kLeaseLost, kLastHost, {Kind::kHandBack, Scope::kMessage}, "4.3.0"},
      {Stage::kMail, Fault::kBadAddress, kLastHost, {Kind::kFailed, Scope::kMessage}, "5.1.3"},
      {Stage::kRcpt, Fault::kBadAddress, kLastHost, {Kind::kFailed, Scope::kRecipient}, "5.1.3"},
      {Stage::kMail, Fault::kTooLarge, kLastHost, {Kind::kFailed, Scope::kMessage}, "5.3.4"},
      // What one host does not offer another may.
      {Stage::kRcpt, Fault::kNeedsUtf8, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "5.6.7"},
      {Stage::kRcpt, Fault::kNeedsUtf8, kLastHost, {Kind::kFailed, Scope::kHost}, "5.6.7"},
      {Stage::kMail, Fault::kNeedsUtf8, kLastHost, {Kind::kFailed, Scope::kHost}, "5.6.7"},
      // The one that is down may have it.
      {Stage::kMail, Fault::kNeedsUtf8, kOthersDown, {Kind::kDeferred, Scope::kHost}, "5.6.7"},
      {Stage::kMail, Fault::kNeedsTls, kOthersDown, {Kind::kDeferred, Scope::kHost}, "5.7.10"},
      {Stage::kMail, Fault::kTooLarge, kOthersDown, {Kind::kFailed, Scope::kMessage}, "5.3.4"},
      {Stage::kMail, Fault::kNotRecodable, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "5.6.3"},
      {Stage::kMail, Fault::kNotRecodable, kLastHost, {Kind::kFailed, Scope::kHost}, "5.6.3"},
      {Stage::kMail, Fault::kNeedsTls, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "5.7.10"},
      {Stage::kMail, Fault::kNeedsTls, kLastHost, {Kind::kFailed, Scope::kHost}, "5.7.10"},
      {Stage::kMail,
       Fault::kNeedsRequireTls,
       kHostsLeft,
       {Kind::kNextHost, Scope::kHost},
       "5.7.30"},
      {Stage::kMail, Fault::kNeedsRequireTls, kLastHost, {Kind::kFailed, Scope::kHost}, "5.7.30"},
      {Stage::kMail, Fault::kNeedsDeliverBy, kHostsLeft, {Kind::kNextHost, Scope::kHost}, "5.3.3"},
      {Stage::kMail, Fault::kNeedsDeliverBy, kLastHost, {Kind::kFailed, Scope::kHost}, "5.3.3"},
      {Stage::kDns, Fault::kTooLate, kLastHost, {Kind::kFailed, Scope::kMessage}, "5.4.7"},
      {Stage::kDns, Fault::kExpired, kLastHost, {Kind::kFailed, Scope::kMessage}, "4.4.7"},
      {Stage::kDns, Fault::kDamaged, kLastHost, {Kind::kFailed, Scope::kMessage}, "5.3.0"},
      {Stage::kDns, Fault::kNoContent, kLastHost, {Kind::kDeferred, Scope::kMessage}, "4.3.0"},
      {Stage::kDns, Fault::kNoInbox, kLastHost, {Kind::kDeferred, Scope::kMessage}, "4.3.0"},
      {Stage::kDns, Fault::kUnknownChannel, kLastHost, {Kind::kDeferred, Scope::kMessage}, "4.3.5"},
  };
  for (const FaultRow& row : rows) {
    const Heard heard = HeardFault(row.stage, row.fault);
    EXPECT_EQ(heard.reply.enhanced.ToString(), row.enhanced);
    const Verdict verdict = Classify(heard, row.context);
    EXPECT_EQ(verdict, row.verdict)
        << "stage " << static_cast<int>(row.stage) << " fault " << static_cast<int>(row.fault)
        << ": " << KindName(verdict.kind) << ", scope " << static_cast<int>(verdict.scope);
  }
}

TEST(OutcomeTest, NullMx_IsSaidWith556) {
  EXPECT_EQ(HeardFault(Stage::kDns, Fault::kNullMx, "example.net").reply,
            (smtp::Reply{556, {5, 1, 10}, "the domain takes no mail (null MX): example.net"}));
}

}  // namespace
}  // namespace staffetta::delivery
