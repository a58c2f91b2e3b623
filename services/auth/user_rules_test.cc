#include "auth/user_rules.h"

#include <gtest/gtest.h>

namespace staffetta::auth {
namespace {

std::string Repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

v1::User Good() {
  v1::User user;
  user.set_type(v1::USER_TYPE_SMTP);
  user.set_priority(3);
  return user;
}

// SPEC U8
TEST(UserRulesTest, Note_IsCountedInCharactersNotBytes) {
  v1::User user = Good();
  user.set_note(Repeated("è", 1000));
  EXPECT_TRUE(CheckUser(user).ok());
  user.set_note(Repeated("è", 1001));
  EXPECT_EQ(CheckUser(user).code(), absl::StatusCode::kInvalidArgument);
}

// SPEC U7
TEST(UserRulesTest, Priority_IsOneToFive) {
  v1::User user = Good();
  for (int priority = -1; priority <= 7; ++priority) {
    user.set_priority(priority);
    EXPECT_EQ(CheckUser(user).ok(), priority >= 1 && priority <= 5) << priority;
  }
}

// SPEC U9
TEST(UserRulesTest, Senders_AreDomainsOrAddresses) {
  for (const char* sender : {"example.com", "ann@example.com", "münchen.example",
                             "\"a b\"@example.com", "EXAMPLE.com"}) {
    v1::User user = Good();
    user.add_senders(sender);
    EXPECT_TRUE(CheckUser(user).ok()) << sender;
  }
  for (const char* sender : {"", "@example.com", "ann@", "*", "*.example.com", "exa mple.com",
                             "a\r\n@example.com", "ann@b@example.com", "<ann@example.com>"}) {
    v1::User user = Good();
    user.add_senders(sender);
    EXPECT_FALSE(CheckUser(user).ok()) << sender;
  }
}

// SPEC U10
TEST(UserRulesTest, OpenNetwork_ThatWouldBeAnOpenRelay_IsRefused) {
  const struct {
    const char* network;
    bool good;
  } kCases[] = {
      {"10.0.0.0/8", true},
      {"192.0.2.7", true},
      {"2001:db8::/32", true},
      {"::1", true},
      {"0.0.0.0/0", false},
      {"0.0.0.0/7", false},
      {"::/0", false},
      {"2001:db8::/31", false},
      {"::ffff:0.0.0.0/96", false},
      {"::ffff:0:0/95", false},
      {"::ffff:10.0.0.0/104", true},
      {"10.0.0.1/8", false},
      {"printer", false},
      {"", false},
  };
  for (const auto& c : kCases) {
    v1::User user = Good();
    user.add_open_networks(c.network);
    EXPECT_EQ(CheckUser(user).ok(), c.good) << c.network << ": " << CheckUser(user);
  }
}

TEST(UserRulesTest, Account_HasANameAndAKnownChannel) {
  v1::Account account;
  account.set_channel("shared");
  EXPECT_FALSE(CheckAccount(account).ok());
  account.set_name(Repeated("ñ", 200));
  EXPECT_TRUE(CheckAccount(account).ok());
  account.set_name(Repeated("ñ", 201));
  EXPECT_FALSE(CheckAccount(account).ok());
  account.set_name("a\nb");
  EXPECT_FALSE(CheckAccount(account).ok());
  account.set_name("Demo");
  account.set_channel("sandbox");
  EXPECT_TRUE(CheckAccount(account).ok());
  account.set_channel("direct");
  EXPECT_FALSE(CheckAccount(account).ok());
}

// SPEC U6
TEST(UserRulesTest, Reason_IsNeededAndBounded) {
  EXPECT_FALSE(CheckReason("").ok());
  EXPECT_TRUE(CheckReason(Repeated("x", 1000)).ok());
  EXPECT_FALSE(CheckReason(Repeated("x", 1001)).ok());
}

}  // namespace
}  // namespace staffetta::auth
