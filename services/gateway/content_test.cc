#include "gateway/content.h"

#include <gtest/gtest.h>

namespace staffetta::gateway {
namespace {

const Trace kTrace = {.hello = "client.example",
                      .client_address = "192.0.2.1",
                      .hostname = "relay.example",
                      .id = "the-id",
                      .unix_seconds = 0};

constexpr char kReceived[] =
    "Received: from client.example ([192.0.2.1])\r\n\tby relay.example with ESMTP id the-id;\r\n"
    "\tThu, 01 Jan 1970 00:00:00 +0000\r\n";

std::optional<ContentFault> FaultOf(std::string_view content, ContentRules rules = {}) {
  const auto examined = Examine(content, rules);
  if (examined) return std::nullopt;
  return examined.error();
}

std::string Stamped(const std::string& content) {
  const auto examined = Examine(content, {});
  return examined ? FinishContent(*examined, content, {.trace = kTrace}).content : "refused";
}

// SPEC V6
TEST(Content, AddressesOfFromAndSender_AreTheAuthors) {
  const auto examined =
      Examine("From: Ann <ann@a.example>, bob@b.example\r\nSender: eve@c.example\r\n\r\n", {});
  ASSERT_TRUE(examined);
  ASSERT_EQ(examined->authors.size(), 3U);
  EXPECT_EQ(examined->authors[0].ToString(), "ann@a.example");
  EXPECT_EQ(examined->authors[1].ToString(), "bob@b.example");
  EXPECT_EQ(examined->authors[2].ToString(), "eve@c.example");
}

TEST(Content, Header_IsRefusedForItsFault) {
  const std::string from = "From: a@b.example\r\n";
  EXPECT_EQ(FaultOf(from + "\r\n"), std::nullopt);
  EXPECT_EQ(FaultOf(from), std::nullopt);
  EXPECT_EQ(FaultOf(""), ContentFault::kNoFrom);
  EXPECT_EQ(FaultOf("just text\r\n"), ContentFault::kNoFrom);
  EXPECT_EQ(FaultOf("\r\n" + from), ContentFault::kNoFrom);
  EXPECT_EQ(FaultOf(from + from), ContentFault::kSeveralFrom);
  EXPECT_EQ(FaultOf(from + "FROM : c@d.example\r\n"), ContentFault::kSeveralFrom);
  EXPECT_EQ(FaultOf("From : a@b.example\r\n"), ContentFault::kDisguisedFrom);
  EXPECT_EQ(FaultOf("From: a@b@c.example\r\n"), ContentFault::kBadFrom);
  EXPECT_EQ(FaultOf("From: undisclosed:;\r\n"), ContentFault::kBadFrom);
  EXPECT_EQ(FaultOf(from + "Sender: a@b.example\r\nSender: c@d.example\r\n"),
            ContentFault::kSeveralSender);
  EXPECT_EQ(FaultOf(from + "Sender : a@b.example\r\n"), ContentFault::kBadSender);
  EXPECT_EQ(FaultOf(from + "Sender: nobody\r\n"), ContentFault::kBadSender);
  EXPECT_EQ(FaultOf(from + "no field\r\nX: y\r\n"), ContentFault::kNotAField);
}

// SPEC S6, S8
TEST(Content, Limits_HoldAtNAndBreakAtNPlusOne) {
  const std::string header = "From: a@b.example\r\n";
  EXPECT_EQ(FaultOf(header + "\r\n", {.max_header = header.size()}), std::nullopt);
  EXPECT_EQ(FaultOf(header + "\r\n", {.max_header = header.size() - 1}),
            ContentFault::kHeaderTooLarge);
  const std::string passed = "Received: x\r\nReceived: y\r\n" + header;
  EXPECT_EQ(FaultOf(passed, {.max_received = 2}), std::nullopt);
  EXPECT_EQ(FaultOf(passed, {.max_received = 1}), ContentFault::kLooping);
}

TEST(Content, Subject_IsDecodedAndCut) {
  auto examined = Examine("From: a@b.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n", {});
  ASSERT_TRUE(examined);
  EXPECT_EQ(examined->subject, "café");
  const std::string longer = "From: a@b.example\r\nSubject: " + std::string(201, 'x') + "\r\n";
  examined = Examine(longer, {});
  ASSERT_TRUE(examined);
  EXPECT_EQ(examined->subject.size(), 200U);
}

// SPEC S8
TEST(Content, MissingDateAndMessageId_AreAddedBelowReceived) {
  EXPECT_EQ(Stamped("From: a@b.example\r\n\r\nbody\r\n"),
            std::string(kReceived) +
                "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <the-id@relay.example>\r\n"
                "From: a@b.example\r\n\r\nbody\r\n");
}

TEST(Content, PresentDateAndMessageId_AreKept) {
  const std::string content =
      "date: whenever\r\nMESSAGE-ID: <x>\r\nFrom: a@b.example\r\n\r\n\xff\r\n";
  EXPECT_EQ(Stamped(content), kReceived + content);
}

TEST(Content, Bcc_IsRemovedWithItsFolds) {
  EXPECT_EQ(Stamped("Date: x\r\nBcc: a@b,\r\n c@d\r\nMessage-ID: <x>\r\nbcc : e@f\r\n"
                    "From: a@b.example\r\n\r\nBcc: body\r\n"),
            std::string(kReceived) +
                "Date: x\r\nMessage-ID: <x>\r\nFrom: a@b.example\r\n\r\nBcc: body\r\n");
}

// SPEC X1, S11
TEST(Content, ControlFields_AreRemoved) {
  EXPECT_EQ(Stamped("Date: x\r\nX-SMTPAPI: {\r\n }\r\nMessage-ID: <x>\r\nidempotency-key: 1\r\n"
                    "From: a@b.example\r\n\r\nX-SMTPAPI: body\r\n"),
            std::string(kReceived) +
                "Date: x\r\nMessage-ID: <x>\r\nFrom: a@b.example\r\n\r\nX-SMTPAPI: body\r\n");
}

// SPEC S11
TEST(Content, IdempotencyKey_IsOneOfVisibleAscii) {
  const std::string from = "From: a@b.example\r\n";
  const auto good = Examine(from + "IDEMPOTENCY-KEY:  order-17/\"x\" \r\n\r\n", {});
  ASSERT_TRUE(good);
  EXPECT_EQ(good->idempotency_key, "order-17/\"x\"");
  const auto key = [&from](const std::string& value) {
    return FaultOf(from + "Idempotency-Key: " + value + "\r\n\r\n");
  };
  EXPECT_EQ(key(std::string(255, 'x')), std::nullopt);
  for (const std::string& bad :
       {std::string(256, 'x'), std::string(), std::string("a b"), std::string("caf\xC3\xA9"),
        std::string("a\r\n b"), std::string("a\r\nIdempotency-Key: a")}) {
    EXPECT_EQ(key(bad), ContentFault::kBadIdempotencyKey) << bad;
  }
}

// SPEC P2, X1
TEST(Content, ClassAndDynamicFields_ComeIn) {
  const std::string content =
      "Date: x\r\nMessage-ID: <x>\r\nFrom: a@b.example\r\nSubject: [n]\r\n\r\nto [n]\r\n";
  const DynamicFields fields = {{"n", "Ann"}};
  const auto examined = Examine(content, {});
  ASSERT_TRUE(examined);
  Finish finish{.trace = kTrace, .priority = 1, .fields = &fields, .max_size = content.size() + 6};
  const Finished finished = FinishContent(*examined, content, finish);
  EXPECT_EQ(finished.content,
            std::string(kReceived) +
                "Importance: high\r\nX-Priority: 1 (Highest)\r\nDate: x\r\nMessage-ID: <x>\r\n"
                "From: a@b.example\r\nSubject: Ann\r\n\r\nto Ann\r\n");
  EXPECT_EQ(finished.subject, "Ann");
  finish.max_size -= 1;
  EXPECT_TRUE(FinishContent(*examined, content, finish).too_big);
}

TEST(Received, TellsProtocolAndTls) {
  Trace trace = kTrace;
  trace.greeting = Greeting::kHelo;
  EXPECT_NE(ReceivedField(trace).find(" with SMTP id "), std::string::npos);
  trace.greeting = Greeting::kEhlo;
  trace.authenticated = true;
  EXPECT_NE(ReceivedField(trace).find(" with ESMTPA id "), std::string::npos);
  trace.tls = net::TlsInfo{"TLSv1.3", "TLS_AES_128_GCM_SHA256"};
  EXPECT_NE(ReceivedField(trace).find(" with ESMTPSA id the-id\r\n\t(TLSv1.3 "), std::string::npos);
  trace.authenticated = false;
  EXPECT_NE(ReceivedField(trace).find(" with ESMTPS id "), std::string::npos);
  trace.utf8 = true;
  EXPECT_NE(ReceivedField(trace).find(" with UTF8SMTPS id "), std::string::npos);
}

// THREATS CR/LF injection
TEST(Received, StrangeName_StaysOneWord) {
  Trace trace = kTrace;
  trace.hello = "a\r\nX: y (z;\"<>";
  EXPECT_EQ(ReceivedField(trace).rfind("Received: from a??X:?y??z???? ([", 0), 0U)
      << ReceivedField(trace);
  trace.hello = "";
  trace.client_address = "2001:db8::1";
  EXPECT_EQ(ReceivedField(trace).rfind("Received: from unknown ([IPv6:2001:db8::1])\r\n", 0), 0U);
}

}  // namespace
}  // namespace staffetta::gateway
