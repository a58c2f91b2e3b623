#include "gateway/mail_params.h"

#include <gtest/gtest.h>

#include "gateway/date_time.h"

namespace staffetta::gateway {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);  // 2027-01-15T08:00:00Z

class MailParamsTest : public testing::Test {
 protected:
  // Of "MAIL FROM:<a@b.example> " and `text`.
  smtp::Parsed<MailParams, smtp::Reply> Read(const std::string& text) {
    const auto mail = smtp::ParseMail("FROM:<a@b.example> " + text, true);
    if (!mail) return smtp::ReplyFor(mail.error());
    return ReadMailParams(mail->params, rules_);
  }
  std::string Refusal(const std::string& text) {
    const auto params = Read(text);
    return params ? "taken" : smtp::ToLogLine(params.error()).substr(0, 9);
  }
  RcptParams ReadRcpt(const std::string& text) {
    const auto rcpt = smtp::ParseRcpt("TO:<a@b.example> " + text, true);
    EXPECT_TRUE(rcpt.ok()) << text;
    const auto params = ReadRcptParams(rcpt->params, rules_);
    EXPECT_TRUE(params.ok()) << text;
    return *params;
  }

  const Settings settings_;
  ParamRules rules_{.settings = settings_, .now = kNow};
};

// SPEC S4
TEST_F(MailParamsTest, EachIsRead) {
  rules_.tls = true;
  const auto params = Read(
      "size=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B1 MT-PRIORITY=-3 HOLDFOR=60 "
      "BY=120;RT REQUIRETLS AUTH=<>");
  ASSERT_TRUE(params);
  EXPECT_EQ(params->size, 10U);
  EXPECT_EQ(params->body, smtp::Body::k8BitMime);
  EXPECT_TRUE(params->utf8);
  EXPECT_EQ(params->demands.ret, smtp::Ret::kHeaders);
  EXPECT_EQ(params->demands.envelope_id, "QQ+1");
  EXPECT_EQ(params->demands.mt_priority, -3);
  EXPECT_TRUE(params->demands.require_tls);
  EXPECT_EQ(params->hold_until, kNow + absl::Seconds(60));
  EXPECT_EQ(params->by, (smtp::DeliverBy{120, true, true}));
}

TEST_F(MailParamsTest, BadOnes_AreRefused) {
  const struct {
    const char* text;
    const char* reply;
  } kRows[] = {
      {"SIZE=x", "501 5.5.4"},
      {"SIZE=26214401", "552 5.3.4"},
      {"BODY=9BIT", "501 5.5.4"},
      {"SMTPUTF8=1", "501 5.5.4"},
      {"RET=HEADERS", "501 5.5.4"},
      {"RET=FULL RET=FULL", "501 5.5.4"},
      {"ENVID=a+0Ab", "501 5.5.4"},
      {"MT-PRIORITY=10", "501 5.5.4"},
      {"HOLDFOR=0", "501 5.5.4"},
      {"HOLDUNTIL=tomorrow", "501 5.5.4"},
      {"HOLDFOR=1 HOLDUNTIL=2027-01-15T09:00:00Z", "501 5.5.4"},
      {"BY=0;R", "501 5.5.4"},
      {"REQUIRETLS", "530 5.7.0"},
      {"NOTIFY=NEVER", "555 5.5.4"},
      {"XYZZY", "555 5.5.4"},
  };
  for (const auto& row : kRows) EXPECT_EQ(Refusal(row.text), row.reply) << row.text;
  rules_.tls = true;
  EXPECT_EQ(Refusal("REQUIRETLS=yes"), "501 5.5.4");
}

// RFC 5321 §4.1.1.11: without EHLO nothing was offered.
TEST_F(MailParamsTest, BehindHelo_NoneIsKnown) {
  rules_.extended = false;
  EXPECT_EQ(Refusal(""), "taken");
  EXPECT_EQ(Refusal("SIZE=1"), "555 5.5.4");
}

// SPEC S6
TEST_F(MailParamsTest, LongestHold_IsTakenAndNotASecondMore) {
  EXPECT_EQ(Refusal("HOLDFOR=5184000"), "taken");
  EXPECT_EQ(Refusal("HOLDFOR=5184001"), "501 5.5.4");
  EXPECT_EQ(Refusal("HOLDUNTIL=2027-03-16T08:00:00Z"), "taken");
  EXPECT_EQ(Refusal("HOLDUNTIL=2027-03-16T08:00:01Z"), "501 5.5.4");
}

TEST_F(MailParamsTest, OriginalRecipient_KeepsItsType) {
  EXPECT_EQ(ReadRcpt("ORCPT=RFC822;a+2Bb@c").original_recipient, "rfc822;a+b@c");
  EXPECT_FALSE(ReadRcpt("").notify);
  EXPECT_EQ(ReadRcpt("NOTIFY=SUCCESS,DELAY").notify,
            (smtp::Notify{.success = true, .delay = true}));
}

// RFC 3461 §4.1: who is asked to tell of something, tells.
TEST_F(MailParamsTest, RecipientGivenTwice_IsToldOfWhateverWasAskedForEitherTime) {
  const auto merged = [this](const std::string& first, const std::string& again) {
    RcptParams params = ReadRcpt(first);
    Merge(ReadRcpt(again), &params);
    return params;
  };
  EXPECT_FALSE(merged("", "").notify);
  EXPECT_EQ(merged("NOTIFY=NEVER", "NOTIFY=NEVER").notify, (smtp::Notify{.never = true}));
  EXPECT_EQ(merged("NOTIFY=NEVER", "NOTIFY=DELAY").notify, (smtp::Notify{.delay = true}));
  EXPECT_EQ(merged("NOTIFY=NEVER", "").notify, (smtp::Notify{.failure = true}));
  EXPECT_EQ(merged("", "NOTIFY=SUCCESS").notify, (smtp::Notify{.success = true, .failure = true}));
  EXPECT_EQ(merged("ORCPT=rfc822;a@b", "ORCPT=rfc822;c@d").original_recipient, "rfc822;a@b");
  EXPECT_EQ(merged("", "ORCPT=rfc822;c@d").original_recipient, "rfc822;c@d");
}

class SetTimesTest : public MailParamsTest {
 protected:
  Message Set(const std::string& text, std::optional<absl::Duration> scheduled = std::nullopt) {
    const auto params = Read(text);
    EXPECT_TRUE(params.ok()) << text;
    Message message;
    if (scheduled) message.schedule = kNow + *scheduled;
    SetTimes(*params, kNow, absl::Hours(1), &message);
    return message;
  }
};

// SPEC S4, Q3
TEST_F(SetTimesTest, LaterOfHoldAndSchedule_Holds) {
  EXPECT_EQ(Set("").schedule, std::nullopt);
  EXPECT_EQ(Set("HOLDFOR=60").schedule, kNow + absl::Seconds(60));
  EXPECT_EQ(Set("HOLDFOR=60", absl::Seconds(61)).schedule, kNow + absl::Seconds(61));
  EXPECT_EQ(Set("HOLDFOR=60", absl::Seconds(59)).schedule, kNow + absl::Seconds(60));
  EXPECT_EQ(Set("HOLDUNTIL=2027-01-15T07:59:59Z").schedule, std::nullopt) << "past is now";
}

// SPEC Q3
TEST_F(SetTimesTest, DeliverBy_CountsFromTheRelease) {
  const Message now = Set("BY=120;R");
  EXPECT_EQ(now.demands.deliver_by, kNow + absl::Seconds(120));
  EXPECT_TRUE(now.demands.return_late);
  EXPECT_EQ(now.lifetime, absl::Seconds(120));
  const Message later = Set("BY=120;RT HOLDFOR=60");
  EXPECT_EQ(later.demands.deliver_by, kNow + absl::Seconds(180));
  EXPECT_TRUE(later.demands.trace);
  EXPECT_EQ(later.lifetime, absl::Seconds(120));
}

TEST_F(SetTimesTest, LateMessageThatIsOnlyToldOf_LivesAsLongAsAny) {
  const Message late = Set("BY=-30;N");
  EXPECT_EQ(late.demands.deliver_by, kNow - absl::Seconds(30));
  EXPECT_FALSE(late.demands.return_late);
  EXPECT_FALSE(late.lifetime);
  EXPECT_FALSE(Set("BY=3600;R").lifetime) << "no longer than any other";
}

TEST(DateTime, IsOfRfc3339) {
  EXPECT_EQ(ParseDateTime("2027-01-15T08:00:00Z", DateForm::kRfc3339), kNow);
  EXPECT_EQ(ParseDateTime("2027-01-15t09:00:00.500+01:00", DateForm::kRfc3339),
            kNow + absl::Milliseconds(500));
  EXPECT_EQ(ParseDateTime("2027-01-15T07:30:00-00:30", DateForm::kRfc3339), kNow);
  EXPECT_EQ(FormatDateTime(kNow + absl::Milliseconds(999)), "2027-01-15T08:00:00Z");
  for (const char* bad :
       {"", "2027-01-15", "2027-01-15T08:00Z", "2027-01-15T08:00:00", "2027-01-15 08:00:00Z",
        "2027-01-15T08:00:00+01", "2027-01-15T08:00:00+0100", "2027-02-30T08:00:00Z",
        "2027-01-15T25:00:00Z", "2027-01-15T08:00:00.Z", "2027-01-15T08:00:00Z ", "infinite-future",
        "02027-01-15T08:00:00Z"}) {
    EXPECT_FALSE(ParseDateTime(bad, DateForm::kRfc3339)) << bad;
  }
}

}  // namespace
}  // namespace staffetta::gateway
