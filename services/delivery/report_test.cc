#include "delivery/report.h"

#include <gtest/gtest.h>

namespace staffetta::delivery {
namespace {

Delivery Sample() {
  Delivery delivery;
  delivery.message_id = "06fbz3k0v1t9s2m8q4xw00";
  delivery.sender = "shop@example.com";
  delivery.accept_time = absl::FromUnixSeconds(1'700'000'000);
  delivery.content = "Subject: Your order\r\nFrom: shop@example.com\r\n\r\nSecret body\r\n";
  delivery.recipients = {"gone@example.net", "ok@example.net", "slow@example.net"};
  delivery.outcomes = {
      {Kind::kFailed, {550, {5, 1, 1}, "no such user\nreally"}, "mx.example.net [192.0.2.1]"},
      {Kind::kDelivered, {250, {2, 0, 0}, "ok"}, "mx.example.net [192.0.2.1]"},
      {Kind::kFailed, {0, {4, 4, 7}, "delivery time expired"}, ""}};
  return delivery;
}

ReportFrom From() {
  return {"relay.example.com", "06fc000000000000000000", absl::FromUnixSeconds(1'700'003'600)};
}

std::string Build(const Delivery& delivery) {
  const ReportFrom from = From();
  return BuildReport(from, delivery, NewsOfAll(delivery, {}, from.now));
}

bool IsReported(const Delivery& delivery) {
  return NeedsReport(NewsOfAll(delivery, {}, From().now));
}

// SPEC B1
TEST(ReportTest, Golden) {
  EXPECT_EQ(Build(Sample()),
            "From: Mail Delivery System <MAILER-DAEMON@relay.example.com>\r\n"
            "To: <shop@example.com>\r\n"
            "Subject: Undelivered mail returned to sender\r\n"
            "Date: Tue, 14 Nov 2023 23:13:20 +0000\r\n"
            "Message-ID: <06fc000000000000000000@relay.example.com>\r\n"
            "Auto-Submitted: auto-replied\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status;\r\n"
            " boundary=\"=_06fc000000000000000000\"\r\n"
            "\r\n"
            "--=_06fc000000000000000000\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "\r\n"
            "This is the mail relay relay.example.com.\r\n"
            "\r\n"
            "Your message 06fbz3k0v1t9s2m8q4xw00 could not be delivered to these\r\n"
            "recipients, and will not be tried again:\r\n"
            "\r\n"
            "<gone@example.net>:\r\n"
            "    mx.example.net [192.0.2.1]: 550 5.1.1 no such user really\r\n"
            "\r\n"
            "<slow@example.net>:\r\n"
            "    4.4.7 delivery time expired\r\n"
            "\r\n"
            "--=_06fc000000000000000000\r\n"
            "Content-Type: message/delivery-status\r\n"
            "\r\n"
            "Reporting-MTA: dns; relay.example.com\r\n"
            "X-Staffetta-Message-Id: 06fbz3k0v1t9s2m8q4xw00\r\n"
            "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
            "\r\n"
            "Final-Recipient: rfc822; gone@example.net\r\n"
            "Action: failed\r\n"
            "Status: 5.1.1\r\n"
            "Remote-MTA: dns; mx.example.net\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such user really\r\n"
            "\r\n"
            "Final-Recipient: rfc822; slow@example.net\r\n"
            "Action: failed\r\n"
            "Status: 4.4.7\r\n"
            "Diagnostic-Code: x-staffetta; 4.4.7 delivery time expired\r\n"
            "\r\n"
            "--=_06fc000000000000000000\r\n"
            "Content-Type: text/rfc822-headers\r\n"
            "\r\n"
            "Subject: Your order\r\n"
            "From: shop@example.com\r\n"
            "\r\n"
            "--=_06fc000000000000000000--\r\n");
}

// SPEC B1: a bounce never bounces.
TEST(ReportTest, NullSender_GetsNone) {
  Delivery delivery = Sample();
  EXPECT_TRUE(IsReported(delivery));
  delivery.sender.clear();
  EXPECT_FALSE(IsReported(delivery));
}

TEST(ReportTest, NothingFailed_NeedsNone) {
  Delivery delivery = Sample();
  for (Outcome& outcome : delivery.outcomes) outcome.kind = Kind::kUnknown;
  EXPECT_FALSE(IsReported(delivery));
}

TEST(ReportTest, HostileReply_StaysInItsPlace) {
  Delivery delivery = Sample();
  delivery.outcomes[0].reply.text =
      "x\r\n\r\n--=_06fc000000000000000000\r\nSubject: evil\r\n\xff\x01" + std::string(3000, 'y');
  delivery.outcomes[0].host = "evil\r\nBcc: v@example.net [1.2.3.4]";
  const std::string report = Build(delivery);
  EXPECT_EQ(report.find("\r\nSubject: evil"), std::string::npos);
  EXPECT_EQ(report.find("\r\nBcc:"), std::string::npos);
  size_t boundaries = 0;
  for (size_t at = report.find("\r\n--=_"); at != std::string::npos;
       at = report.find("\r\n--=_", at + 1)) {
    ++boundaries;
  }
  EXPECT_EQ(boundaries, 4U);
  for (size_t begin = 0; begin < report.size();) {
    const size_t end = report.find("\r\n", begin);
    ASSERT_NE(end, std::string::npos);
    const std::string line = report.substr(begin, end - begin);
    EXPECT_LE(line.size(), 998U);
    EXPECT_EQ(line.find_first_of(std::string("\r\n\0", 3)), std::string::npos);
    begin = end + 2;
  }
}

TEST(ReportTest, HugeHeader_IsCutAtALine) {
  Delivery delivery = Sample();
  delivery.content.clear();
  for (int i = 0; i < 5000; ++i) delivery.content += "X-Filler: 0123456789\r\n";
  delivery.content += "\r\nbody\r\n";
  const std::string report = Build(delivery);
  EXPECT_LT(report.size(), 70000U);
  EXPECT_NE(report.find("0123456789\r\n\r\n--=_"), std::string::npos);
}

TEST(ReportTest, WithoutContent_HasNoThirdPart) {
  Delivery delivery = Sample();
  delivery.content.clear();
  EXPECT_EQ(Build(delivery).find("rfc822-headers"), std::string::npos);
}

// RFC 3461 §4.3, RFC 8689 §5
TEST(ReportTest, WholeMessage_ComesBackOnlyWhereAskedForAndAllowed) {
  Delivery delivery = Sample();
  const auto has_body = [&] { return Build(delivery).find("Secret body") != std::string::npos; };
  EXPECT_FALSE(has_body());
  delivery.demands.ret = smtp::Ret::kHeaders;
  EXPECT_FALSE(has_body());
  delivery.demands.ret = smtp::Ret::kFull;
  EXPECT_TRUE(has_body());
  EXPECT_NE(Build(delivery).find("Content-Type: message/rfc822\r\n\r\nSubject: Your order\r\n"),
            std::string::npos);

  delivery.demands.require_tls = true;
  EXPECT_FALSE(has_body());
  delivery.demands.require_tls = false;
  delivery.binary = true;
  EXPECT_FALSE(has_body());
  delivery.binary = false;
  const std::string small = delivery.content;
  delivery.content += std::string((1 << 20) - small.size(), 'x');
  EXPECT_TRUE(has_body());
  delivery.content += 'x';
  EXPECT_FALSE(has_body());
  delivery.content = small;
  for (Outcome& outcome : delivery.outcomes) outcome.kind = Kind::kDelivered;
  delivery.outcomes[0].tell = true;
  EXPECT_FALSE(has_body());
}

// SPEC B1: RFC 6533
TEST(ReportTest, Utf8_HasTypesOfItsOwn) {
  Delivery delivery = Sample();
  delivery.utf8 = true;
  delivery.recipients[0] = "j\xc3\xb6rg@example.net";
  delivery.sender =
      "shop@b\xc3\xbc"
      "cher.example";
  delivery.content = "Subject: caff\xc3\xa8\r\n\r\nbody\r\n";
  const std::string report = Build(delivery);
  EXPECT_NE(report.find("\r\nFinal-Recipient: utf-8; j\\x{F6}rg@example.net\r\n"),
            std::string::npos);
  EXPECT_NE(report.find("Content-Type: message/global-headers\r\n"
                        "Content-Transfer-Encoding: 8bit\r\n\r\nSubject: caff\xc3\xa8\r\n"),
            std::string::npos);
  EXPECT_NE(report.find("\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--"), std::string::npos);
  // A server without SMTPUTF8 takes it all the same.
  EXPECT_NE(report.find("\r\nTo: <shop@xn--bcher-kva.example>\r\n"), std::string::npos);
  delivery.demands.ret = smtp::Ret::kFull;
  EXPECT_NE(Build(delivery).find("Content-Type: message/global\r\n"), std::string::npos);
}

// What one attempt brought goes in one report.
TEST(ReportTest, DifferentNews_StandTogether) {
  Delivery delivery = Sample();
  delivery.outcomes[1].tell = true;
  delivery.outcomes[2].kind = Kind::kDeferred;
  delivery.demands.notices = {{{.success = true, .failure = true}, ""},
                              {{.success = true}, "rfc822;ok@old.example\r\nX: y"},
                              {{.delay = true}, ""}};
  delivery.accept_time = From().now - absl::Hours(4);
  delivery.expire_time = From().now + absl::Hours(20);
  const std::string report = Build(delivery);
  EXPECT_NE(report.find("Subject: Undelivered mail returned to sender\r\n"), std::string::npos);
  for (const char* each :
       {"could not be delivered to these\r\nrecipients, and will not be tried again:\r\n\r\n<gone@",
        "has not been delivered yet to these\r\nrecipients. It will be tried again; you need not "
        "do "
        "anything:\r\n\r\n<slow@",
        "to servers that may not tell what becomes of it:\r\n\r\n<ok@",
        "Final-Recipient: rfc822; gone@example.net\r\nAction: failed\r\n",
        "Original-Recipient: rfc822; ok@old.example??X: y\r\n"
        "Final-Recipient: rfc822; ok@example.net\r\nAction: relayed\r\nStatus: 2.0.0\r\n",
        "Final-Recipient: rfc822; slow@example.net\r\nAction: delayed\r\nStatus: 4.4.7\r\n",
        "\r\nWill-Retry-Until: Wed, 15 Nov 2023 19:13:20 +0000\r\n"}) {
    EXPECT_NE(report.find(each), std::string::npos) << each << "\n" << report;
  }
}

}  // namespace
}  // namespace staffetta::delivery
