#include "delivery/peer_abilities.h"

#include <gtest/gtest.h>

namespace staffetta::delivery {
namespace {

PeerAbilities Of(const std::string& lines) { return ReadAbilities({250, {}, "mx.test\n" + lines}); }

TEST(PeerAbilitiesTest, WordsAreRead_InAnyCase) {
  const PeerAbilities all = Of(
      "pipelining\n8BITMIME\nCHUNKING\nBINARYMIME\nSMTPUTF8\nSTARTTLS\nRequireTLS\nDSN\n"
      "MT-PRIORITY MIXER\nDELIVERBY 240\nSIZE 1000\nLIMITS MAILMAX=3 rcptmax=20 RCPTDOMAINMAX=1");
  EXPECT_TRUE(all.pipelining && all.eight_bit_mime && all.binary_mime && all.smtputf8);
  EXPECT_TRUE(all.starttls && all.require_tls && all.dsn && all.mt_priority);
  EXPECT_TRUE(all.deliver_by && all.size);
  EXPECT_EQ(all.least_time, 240);
  EXPECT_EQ(all.max_size, 1000U);
  EXPECT_EQ(all.max_transactions, 3);
  EXPECT_EQ(all.max_recipients, 20U);
}

TEST(PeerAbilitiesTest, NothingIsAssumed) {
  const PeerAbilities none = Of("DSNX\nX-8BITMIME\nLIMITS RCPTMAX=many MAILMAX=-1 SIZE\nSIZE big");
  EXPECT_FALSE(none.pipelining || none.eight_bit_mime || none.binary_mime || none.dsn);
  EXPECT_EQ(none.max_recipients, 0U);
  EXPECT_EQ(none.max_transactions, 0);
  EXPECT_TRUE(none.size);
  EXPECT_EQ(none.max_size, 0U);
  // The name of the server is no word.
  EXPECT_FALSE(ReadAbilities({250, {}, "DSN"}).dsn);
}

// RFC 3030 §3
TEST(PeerAbilitiesTest, BinaryNeedsChunking) { EXPECT_FALSE(Of("BINARYMIME").binary_mime); }

}  // namespace
}  // namespace staffetta::delivery
