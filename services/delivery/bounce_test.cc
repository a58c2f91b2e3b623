#include "delivery/bounce.h"

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

BounceFrom From() {
  return {"relay.example.com", "06fc000000000000000000", absl::FromUnixSeconds(1'700'003'600)};
}

// SPEC B1
TEST(BounceTest, Golden) {
  EXPECT_EQ(BuildBounce(From(), Sample()),
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
            "Content-Transfer-Encoding: 8bit\r\n"
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
            "Content-Transfer-Encoding: 8bit\r\n"
            "\r\n"
            "Subject: Your order\r\n"
            "From: shop@example.com\r\n"
            "\r\n"
            "--=_06fc000000000000000000--\r\n");
}

// SPEC B1: a bounce never bounces.
TEST(BounceTest, NullSender_GetsNone) {
  Delivery delivery = Sample();
  EXPECT_TRUE(NeedsBounce(delivery));
  delivery.sender.clear();
  EXPECT_FALSE(NeedsBounce(delivery));
}

TEST(BounceTest, NothingFailed_NeedsNone) {
  Delivery delivery = Sample();
  for (Outcome& outcome : delivery.outcomes) outcome.kind = Kind::kUnknown;
  EXPECT_FALSE(NeedsBounce(delivery));
}

TEST(BounceTest, HostileReply_StaysInItsPlace) {
  Delivery delivery = Sample();
  delivery.outcomes[0].reply.text =
      "x\r\n\r\n--=_06fc000000000000000000\r\nSubject: evil\r\n\xff\x01" + std::string(3000, 'y');
  delivery.outcomes[0].host = "evil\r\nBcc: v@example.net [1.2.3.4]";
  const std::string bounce = BuildBounce(From(), delivery);
  EXPECT_EQ(bounce.find("\r\nSubject: evil"), std::string::npos);
  EXPECT_EQ(bounce.find("\r\nBcc:"), std::string::npos);
  size_t boundaries = 0;
  for (size_t at = bounce.find("\r\n--=_"); at != std::string::npos;
       at = bounce.find("\r\n--=_", at + 1)) {
    ++boundaries;
  }
  EXPECT_EQ(boundaries, 4U);
  for (size_t begin = 0; begin < bounce.size();) {
    const size_t end = bounce.find("\r\n", begin);
    ASSERT_NE(end, std::string::npos);
    const std::string line = bounce.substr(begin, end - begin);
    EXPECT_LE(line.size(), 998U);
    EXPECT_EQ(line.find_first_of(std::string("\r\n\0", 3)), std::string::npos);
    begin = end + 2;
  }
}

TEST(BounceTest, HugeHeader_IsCutAtALine) {
  Delivery delivery = Sample();
  delivery.content.clear();
  for (int i = 0; i < 5000; ++i) delivery.content += "X-Filler: 0123456789\r\n";
  delivery.content += "\r\nbody\r\n";
  const std::string bounce = BuildBounce(From(), delivery);
  EXPECT_LT(bounce.size(), 70000U);
  EXPECT_NE(bounce.find("0123456789\r\n\r\n--=_"), std::string::npos);
}

TEST(BounceTest, WithoutContent_HasNoThirdPart) {
  Delivery delivery = Sample();
  delivery.content.clear();
  EXPECT_EQ(BuildBounce(From(), delivery).find("rfc822-headers"), std::string::npos);
}

}  // namespace
}  // namespace staffetta::delivery
