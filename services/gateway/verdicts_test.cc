#include "gateway/verdicts.h"

#include <gtest/gtest.h>

namespace staffetta::gateway {
namespace {

TEST(Verdicts, SaysWhatTheTableSays) {
  const struct {
    Said said;
    const char* begin;
  } kRows[] = {
      {Said::kOk, "250 2.0.0 "},
      {Said::kSenderOk, "250 2.1.0 "},
      {Said::kRecipientOk, "250 2.1.5 "},
      {Said::kGoOnWithData, "354 "},
      {Said::kReadyForTls, "220 2.0.0 "},
      {Said::kAuthenticated, "235 2.7.0 "},
      {Said::kGoodbye, "221 2.0.0 "},
      {Said::kCannotVerify, "252 2.1.5 "},
      {Said::kHelp, "214 2.0.0 "},
      {Said::kUnknownCommand, "500 5.5.1 "},
      {Said::kNotImplemented, "502 5.5.1 "},
      {Said::kMalformedCommand, "500 5.5.2 "},
      {Said::kCommandTooLong, "500 5.5.2 "},
      {Said::kSuperfluousArgument, "501 5.5.4 "},
      {Said::kUnknownParameter, "555 5.5.4 "},
      {Said::kHeldTwice, "501 5.5.4 "},
      {Said::kHeldTooLong, "501 5.5.4 "},
      {Said::kRequireTlsNeedsTls, "530 5.7.0 "},
      {Said::kHelloFirst, "503 5.5.1 "},
      {Said::kMailFirst, "503 5.5.1 "},
      {Said::kRecipientFirst, "503 5.5.1 "},
      {Said::kNoValidRecipient, "554 5.5.1 "},
      {Said::kRecipientBehindContent, "503 5.5.1 "},
      {Said::kDataBehindChunk, "503 5.5.1 "},
      {Said::kBinaryNeedsBdat, "503 5.5.1 "},
      {Said::kChunkRefused, "503 5.5.1 "},
      {Said::kAlreadyInTransaction, "503 5.5.1 "},
      {Said::kAlreadyTls, "503 5.5.1 "},
      {Said::kNoTls, "502 5.5.1 "},
      {Said::kAlreadyAuthenticated, "503 5.5.1 "},
      {Said::kAuthInTransaction, "503 5.5.1 "},
      {Said::kUnknownMechanism, "504 5.5.4 "},
      {Said::kChannelBindingUnknown, "535 5.7.8 "},
      {Said::kChannelBindingFailed, "535 5.7.8 "},
      {Said::kAuthCancelled, "501 5.7.0 "},
      {Said::kAuthLineTooLong, "500 5.5.6 "},
      {Said::kNoMailboxHere, "550 5.1.1 "},
      {Said::kLiteralRefused, "550 5.1.2 "},
      {Said::kTooManyRecipients, "452 4.5.3 "},
      {Said::kTlsRequired, "530 5.7.0 "},
      {Said::kAuthNeedsTls, "538 5.7.11 "},
      {Said::kAuthRequired, "530 5.7.0 "},
      {Said::kTooManyErrors, "421 4.7.0 "},
      {Said::kTooManySessions, "421 4.7.0 "},
      {Said::kTooManySessionsOfAddress, "421 4.7.0 "},
      {Said::kRightsChanged, "421 4.7.0 "},
      {Said::kTimeout, "421 4.4.2 "},
      {Said::kShuttingDown, "421 4.3.2 "},
      {Said::kOutOfStep, "421 4.5.0 "},
      {Said::kAuthUnavailable, "454 4.7.0 "},
      {Said::kTemporaryFailure, "451 4.3.0 "},
      {Said::kNoMemory, "452 4.3.1 "},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(smtp::ToLogLine(ReplyFor(row.said)).rfind(row.begin, 0), 0U) << row.begin;
  }
}

// SPEC S4, RFC 6710: the priority is the first word behind the codes.
TEST(Verdicts, OtherPriority_IsTold) {
  EXPECT_EQ(smtp::ToLogLine(OtherPriorityReply(-1)),
            "250 2.3.6 -1 is the lowest priority of this user");
}

// SPEC S3
TEST(Verdicts, AuthVerdict_HasItsReply) {
  EXPECT_EQ(ReplyFor(AuthVerdict::kOk).code, 235);
  EXPECT_EQ(smtp::ToLogLine(ReplyFor(AuthVerdict::kWrongCredentials)),
            "535 5.7.8 wrong user name or password");
  EXPECT_EQ(smtp::ToLogLine(ReplyFor(AuthVerdict::kInactive)),
            "525 5.7.13 this user is not active");
  EXPECT_EQ(smtp::ToLogLine(ReplyFor(AuthVerdict::kBlocked)), "525 5.7.13 this user is blocked");
  EXPECT_EQ(ReplyFor(AuthVerdict::kNoNetwork), ReplyFor(Said::kAuthRequired));
  EXPECT_EQ(smtp::ToLogLine(ReplyFor(AuthVerdict::kTooManyFailures)),
            "421 4.7.0 too many logins have failed, try again later");
}

// SPEC U10
TEST(Verdicts, MessageOverACap_IsToldWhyAndWhen) {
  const Allowance allowance{100, "hour", absl::Milliseconds(1500)};
  EXPECT_EQ(smtp::ToLogLine(ReplyFor(allowance, "s1_0")),
            "451 4.7.1 user s1_0 may submit 100 messages per hour; try again in 2 s");
}

// SPEC V7
TEST(Verdicts, RefusedSender_IsToldAddressAndWayOut) {
  const struct {
    SenderVerdict verdict;
    const char* reply;
  } kRows[] = {
      {SenderVerdict::kNotAuthorised,
       "550 5.7.1 <bob@x.example>: you may not send from this address; add and verify x.example or "
       "the address as a sender of user s1_0, or use one of its verified senders"},
      {SenderVerdict::kNotVerified,
       "550 5.7.1 <bob@x.example>: this sender is not verified; verify x.example or the address as "
       "a sender of user s1_0, or use one of its verified senders"},
      {SenderVerdict::kBanned,
       "550 5.7.1 <bob@x.example>: this sender is banned; use another verified sender of user "
       "s1_0"},
      {SenderVerdict::kOk, "250 2.1.0 sender OK"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(smtp::ToLogLine(ReplyFor({row.verdict, "bob@x.example"}, "s1_0")), row.reply);
  }
}

TEST(Verdicts, ContentFault_HasItsReply) {
  const struct {
    ContentFault fault;
    const char* begin;
  } kRows[] = {
      {ContentFault::kBadBytes, "550 5.6.0 "},
      {ContentFault::kHeaderNotUtf8, "550 5.6.0 "},
      {ContentFault::kLineTooLong, "550 5.6.0 "},
      {ContentFault::kTooBig, "552 5.3.4 "},
      {ContentFault::kHeaderTooLarge, "552 5.3.4 "},
      {ContentFault::kNestedTooDeep, "554 5.6.0 "},
      {ContentFault::kNotAField, "550 5.6.0 "},
      {ContentFault::kNoFrom, "550 5.6.0 "},
      {ContentFault::kSeveralFrom, "550 5.6.0 "},
      {ContentFault::kDisguisedFrom, "550 5.6.0 "},
      {ContentFault::kBadFrom, "550 5.6.0 "},
      {ContentFault::kSeveralSender, "550 5.6.0 "},
      {ContentFault::kBadSender, "550 5.6.0 "},
      {ContentFault::kLooping, "554 5.4.6 "},
      {ContentFault::kBadIdempotencyKey, "554 5.6.0 Idempotency-Key: "},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(smtp::ToLogLine(ReplyFor(row.fault, Settings())).rfind(row.begin, 0), 0U)
        << smtp::ToLogLine(ReplyFor(row.fault, Settings()));
  }
}

// SPEC S9
TEST(Verdicts, Queued_NamesTheId) {
  // SPEC Q1: synced is what is promised; anything else is said.
  EXPECT_EQ(smtp::ToLogLine(QueuedReply("abc", Durability::kSynced)), "250 2.0.0 queued as abc");
  EXPECT_EQ(smtp::ToLogLine(QueuedReply("abc", Durability::kReplicated)),
            "250 2.0.0 queued as abc (replicated)");
  EXPECT_EQ(smtp::ToLogLine(QueuedReply("abc", Durability::kVolatile)),
            "250 2.0.0 queued as abc (volatile)");
}

// SPEC X1
TEST(Verdicts, SmtpApiFault_NamesTheKey) {
  EXPECT_EQ(smtp::ToLogLine(ReplyFor(SmtpApiFault{"Priority", "not a number from 1 to 5"})),
            "554 5.6.0 X-SMTPAPI: Priority: not a number from 1 to 5");
  EXPECT_EQ(smtp::ToLogLine(ReplyFor(SmtpApiFault{"", "not a JSON object"})),
            "554 5.6.0 X-SMTPAPI: not a JSON object");
}

}  // namespace
}  // namespace staffetta::gateway
