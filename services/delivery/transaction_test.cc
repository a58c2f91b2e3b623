#include "delivery/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staffetta::delivery {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

Delivery Sample() {
  Delivery delivery;
  delivery.sender = "s@example.com";
  delivery.recipients = {"a@example.net", "b@example.net"};
  delivery.content = "Subject: hi\r\n\r\nbody\r\n";
  return delivery;
}

Transaction Of(const Delivery& delivery, const PeerAbilities& peer,
               Security security = Security::kClear) {
  return Prepare(delivery, {0, 1}, peer, security, kNow);
}

Fault ForbiddenBy(const Transaction& transaction) {
  return transaction.forbidden ? transaction.forbidden->fault : Fault::kNone;
}

TEST(TransactionTest, NothingAskedFor_NothingIsAdded) {
  PeerAbilities all{.pipelining = true,
                    .eight_bit_mime = true,
                    .binary_mime = true,
                    .smtputf8 = true,
                    .require_tls = true,
                    .dsn = true,
                    .mt_priority = true,
                    .deliver_by = true};
  Delivery delivery = Sample();
  // Declared by a client that needed nothing of it.
  delivery.utf8 = true;
  const Transaction transaction = Of(delivery, all, Security::kVerified);
  EXPECT_EQ(transaction.mail, "MAIL FROM:<s@example.com>\r\n");
  EXPECT_EQ(transaction.recipients[0].command, "RCPT TO:<a@example.net>\r\n");
  EXPECT_TRUE(transaction.body.recoded.empty());
}

// SPEC S4, B1: what came goes on, to who understands it.
TEST(TransactionTest, ParametersAreGivenOn) {
  Delivery delivery = Sample();
  Demands& demands = delivery.demands;
  demands.ret = smtp::Ret::kFull;
  demands.envelope_id = "id+1 \r\nRSET";
  demands.notices = {{{.success = true, .delay = true}, "rfc822;a=b@example.net"},
                     {{.never = true}, ""}};
  demands.mt_priority = -3;
  demands.deliver_by = kNow + absl::Seconds(90);
  demands.trace = true;
  const PeerAbilities peer{.dsn = true, .mt_priority = true, .deliver_by = true};
  const Transaction transaction = Of(delivery, peer);
  EXPECT_EQ(transaction.mail,
            "MAIL FROM:<s@example.com> RET=FULL ENVID=id+2B1+20+0D+0ARSET BY=90;NT "
            "MT-PRIORITY=-3\r\n");
  EXPECT_EQ(transaction.recipients[0].command,
            "RCPT TO:<a@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+3Db@example.net\r\n");
  EXPECT_EQ(transaction.recipients[1].command, "RCPT TO:<b@example.net> NOTIFY=NEVER\r\n");
  const Transaction plain = Of(delivery, {});
  EXPECT_EQ(plain.mail, "MAIL FROM:<s@example.com>\r\n");
  EXPECT_EQ(plain.recipients[0].command, "RCPT TO:<a@example.net>\r\n");
}

// RFC 2852 §4
TEST(TransactionTest, DeliverBy_CountsWhatIsLeft) {
  Delivery delivery = Sample();
  const PeerAbilities peer{.deliver_by = true, .least_time = 60};
  delivery.demands.deliver_by = kNow - absl::Seconds(5);
  EXPECT_EQ(Of(delivery, peer).mail, "MAIL FROM:<s@example.com> BY=-5;N\r\n");
  EXPECT_EQ(ForbiddenBy(Of(delivery, {})), Fault::kNone);

  delivery.demands.return_late = true;
  delivery.demands.deliver_by = kNow + absl::Seconds(60);
  EXPECT_EQ(Of(delivery, peer).mail, "MAIL FROM:<s@example.com> BY=60;R\r\n");
  EXPECT_EQ(ForbiddenBy(Of(delivery, {})), Fault::kNeedsDeliverBy);
  delivery.demands.deliver_by = kNow + absl::Seconds(59);
  EXPECT_EQ(ForbiddenBy(Of(delivery, peer)), Fault::kNeedsDeliverBy);
  delivery.demands.deliver_by = kNow + absl::Milliseconds(10);
  EXPECT_EQ(Of(delivery, {.deliver_by = true}).mail, "MAIL FROM:<s@example.com> BY=1;R\r\n");
}

// RFC 8689 §4.2
TEST(TransactionTest, RequireTls_WantsBoth) {
  Delivery delivery = Sample();
  delivery.demands.require_tls = true;
  const PeerAbilities peer{.require_tls = true};
  EXPECT_EQ(ForbiddenBy(Of(delivery, peer, Security::kClear)), Fault::kNeedsTls);
  EXPECT_EQ(ForbiddenBy(Of(delivery, peer, Security::kEncrypted)), Fault::kNeedsTls);
  EXPECT_EQ(ForbiddenBy(Of(delivery, {}, Security::kVerified)), Fault::kNeedsRequireTls);
  EXPECT_EQ(Of(delivery, peer, Security::kVerified).mail,
            "MAIL FROM:<s@example.com> REQUIRETLS\r\n");
}

// SPEC S4: RFC 6531
TEST(TransactionTest, Smtputf8_WhereItIsNeeded) {
  const PeerAbilities utf8{.smtputf8 = true};
  Delivery delivery = Sample();
  delivery.utf8 = true;
  delivery.recipients[1] =
      "b@b\xc3\xbc"
      "cher.example";
  EXPECT_EQ(Of(delivery, utf8).mail, "MAIL FROM:<s@example.com> SMTPUTF8\r\n");
  EXPECT_EQ(Of(delivery, utf8).recipients[1].command,
            "RCPT TO:<b@b\xc3\xbc"
            "cher.example>\r\n");
  // Only its domain: A-labels do.
  EXPECT_EQ(Of(delivery, {}).mail, "MAIL FROM:<s@example.com>\r\n");
  EXPECT_EQ(Of(delivery, {}).recipients[1].command, "RCPT TO:<b@xn--bcher-kva.example>\r\n");
  delivery.sender =
      "s@b\xc3\xbc"
      "cher.example";
  EXPECT_EQ(Of(delivery, {}).mail, "MAIL FROM:<s@xn--bcher-kva.example>\r\n");

  delivery.recipients[0] = "j\xc3\xb6rg@example.net";
  EXPECT_EQ(Of(delivery, {}).recipients[0].trouble.fault, Fault::kNeedsUtf8);
  EXPECT_EQ(Of(delivery, {}).recipients[1].trouble.fault, Fault::kNone);
  delivery.sender = "j\xc3\xb6rg@example.com";
  EXPECT_EQ(ForbiddenBy(Of(delivery, {})), Fault::kNeedsUtf8);

  delivery = Sample();
  delivery.utf8 = true;
  delivery.content = "Subject: caff\xc3\xa8\r\n\r\nbody\r\n";
  EXPECT_EQ(Of(delivery, utf8).mail, "MAIL FROM:<s@example.com> SMTPUTF8\r\n");
  EXPECT_EQ(ForbiddenBy(Of(delivery, {})), Fault::kNeedsUtf8);
  delivery.content =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Description: caff\xc3\xa8\r\n\r\nbody\r\n--b--\r\n";
  EXPECT_EQ(Of(delivery, utf8).mail, "MAIL FROM:<s@example.com> SMTPUTF8\r\n");
  EXPECT_EQ(ForbiddenBy(Of(delivery, {})), Fault::kNeedsUtf8);
}

// SPEC S4: RFC 6152, RFC 3030
TEST(TransactionTest, Body_GoesAsThePeerTakesIt) {
  struct Row {
    bool eight_bit, binary;
    PeerAbilities peer;
    std::string param;
    bool recoded;
  };
  const std::vector<Row> rows = {
      {false, false, {}, "", false},
      {false, false, {.eight_bit_mime = true}, "", false},
      {true, false, {.eight_bit_mime = true}, " BODY=8BITMIME", false},
      {true, false, {}, "", true},
      {true, true, {.binary_mime = true}, " BODY=BINARYMIME", false},
      {true, true, {.eight_bit_mime = true}, "", true},
      {false, true, {}, "", true},
  };
  for (const Row& row : rows) {
    Delivery delivery = Sample();
    delivery.eight_bit = row.eight_bit;
    delivery.binary = row.binary;
    delivery.content = "MIME-Version: 1.0\r\n\r\nbody \xff\r\n";
    const Transaction transaction = Of(delivery, row.peer);
    const auto at = &row - rows.data();
    EXPECT_EQ(transaction.mail, "MAIL FROM:<s@example.com>" + row.param + "\r\n") << at;
    EXPECT_EQ(!transaction.body.recoded.empty(), row.recoded) << at;
    const std::string_view content = transaction.body.ContentOf(delivery);
    EXPECT_EQ(content.find('\xff') == std::string_view::npos, row.recoded) << at;
    EXPECT_EQ(content.data() == delivery.content.data(), !row.recoded) << at;
  }
}

TEST(TransactionTest, NotRecodable_SaysWhy) {
  Delivery delivery = Sample();
  delivery.eight_bit = true;
  delivery.content =
      "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xff\r\n--b--\r\n";
  const Transaction transaction = Of(delivery, {});
  ASSERT_TRUE(transaction.forbidden);
  EXPECT_EQ(
      transaction.forbidden->reply,
      (smtp::Reply{554,
                   {5, 6, 3},
                   "the server takes only 7-bit content, and it cannot be converted: it would "
                   "break the signature inside"}));
}

// The size that is told is of what goes.
TEST(TransactionTest, Size_IsOfWhatGoes) {
  Delivery delivery = Sample();
  delivery.eight_bit = true;
  delivery.content = "MIME-Version: 1.0\r\n\r\n\xff\xff\xff\r\n";
  const Transaction transaction = Of(delivery, {.size = true});
  EXPECT_EQ(transaction.mail, "MAIL FROM:<s@example.com> SIZE=" +
                                  std::to_string(transaction.body.recoded.size()) + "\r\n");
  EXPECT_EQ(ForbiddenBy(Of(delivery, {.size = true, .max_size = delivery.content.size()})),
            Fault::kTooLarge);
}

}  // namespace
}  // namespace staffetta::delivery
