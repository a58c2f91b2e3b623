#include "policy/rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staffetta::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RightsTest : public testing::Test {
 protected:
  RightsTest() {
    Add("example.com", v1::SENDER_STATE_VERIFIED);
    Add("ann@example.com", v1::SENDER_STATE_PENDING);
    Add("example.org", v1::SENDER_STATE_PENDING);
    Add("bob@example.org", v1::SENDER_STATE_VERIFIED);
    Add("expired.example", v1::SENDER_STATE_EXPIRED);
    Add("failed.example", v1::SENDER_STATE_FAILED);
    Add("banned.example", v1::SENDER_STATE_BANNED);
    Add("eve@banned.example", v1::SENDER_STATE_VERIFIED);
    Add("mal@example.com", v1::SENDER_STATE_BANNED);
    rights_.users["all"] = {"example.com", "example.org", "expired.example", "failed.example",
                            "banned.example"};
    rights_.users["ann"] = {"ann@example.com"};
    rights_.users["bob"] = {"bob@example.org"};
    rights_.users["eve"] = {"eve@banned.example", "mal@example.com"};
  }
  void Add(const std::string& name, v1::SenderState state) {
    rights_.senders[name].set_name(name);
    rights_.senders[name].set_state(state);
  }
  v1::SenderVerdict JudgeText(const std::string& user, const std::string& address) {
    return Judge(rights_, user, *ParseAddress(address));
  }

  Rights rights_;
};

// SPEC V1, V6, V9
TEST_F(RightsTest, Judge_FollowsTheTable) {
  const struct {
    const char* user;
    const char* address;
    v1::SenderVerdict verdict;
  } kCases[] = {
      {"all", "any@example.com", v1::SENDER_VERDICT_OK},
      {"all", "ANY@EXAMPLE.COM", v1::SENDER_VERDICT_OK},
      {"ann", "Ann@example.com", v1::SENDER_VERDICT_OK},  // by its domain
      {"bob", "bob@example.org", v1::SENDER_VERDICT_OK},
      {"all", "bob@example.org", v1::SENDER_VERDICT_OK},  // the address itself is verified
      {"all", "any@example.org", v1::SENDER_VERDICT_NOT_VERIFIED},
      {"all", "any@expired.example", v1::SENDER_VERDICT_NOT_VERIFIED},
      {"all", "any@failed.example", v1::SENDER_VERDICT_NOT_VERIFIED},
      {"all", "any@sub.example.com", v1::SENDER_VERDICT_NOT_AUTHORISED},
      {"all", "any@xexample.com", v1::SENDER_VERDICT_NOT_AUTHORISED},
      {"all", "\"any@example.com\"@evil.example", v1::SENDER_VERDICT_NOT_AUTHORISED},
      {"ann", "bob@example.com", v1::SENDER_VERDICT_NOT_AUTHORISED},
      {"bob", "ann@example.com", v1::SENDER_VERDICT_NOT_AUTHORISED},
      {"nobody", "any@example.com", v1::SENDER_VERDICT_NOT_AUTHORISED},
      {"all", "mal@example.com", v1::SENDER_VERDICT_BANNED},
      {"all", "any@banned.example", v1::SENDER_VERDICT_BANNED},
      {"eve", "eve@banned.example", v1::SENDER_VERDICT_BANNED},
      {"ann", "mal@example.com", v1::SENDER_VERDICT_BANNED},  // before not authorised
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(JudgeText(c.user, c.address), c.verdict) << c.user << " as " << c.address;
  }
}

// SPEC V3, V9
TEST_F(RightsTest, Address_CountsByItsDomain) {
  const auto state = [this](const char* name) {
    return Effective(rights_, rights_.senders.at(name));
  };
  EXPECT_EQ(state("ann@example.com").state(), v1::SENDER_STATE_VERIFIED);
  EXPECT_EQ(state("ann@example.com").method(), "domain");
  EXPECT_EQ(state("bob@example.org").state(), v1::SENDER_STATE_VERIFIED);
  EXPECT_EQ(state("eve@banned.example").state(), v1::SENDER_STATE_BANNED);
  EXPECT_EQ(state("mal@example.com").state(), v1::SENDER_STATE_BANNED);
  rights_.senders["example.com"].set_state(v1::SENDER_STATE_EXPIRED);
  EXPECT_EQ(state("ann@example.com").state(), v1::SENDER_STATE_PENDING);
}

// SPEC U5
TEST_F(RightsTest, UsersThatDependOn_HaveNoOtherVerifiedSender) {
  EXPECT_THAT(UsersThatDependOn(rights_, "example.com"), ElementsAre("all", "ann"));
  EXPECT_THAT(UsersThatDependOn(rights_, "bob@example.org"), ElementsAre("bob"));
  EXPECT_THAT(UsersThatDependOn(rights_, "example.org"), IsEmpty());
  EXPECT_THAT(UsersThatDependOn(rights_, "absent.example"), IsEmpty());
  rights_.users["all"].insert("bob@example.org");
  EXPECT_THAT(UsersThatDependOn(rights_, "example.com"), ElementsAre("ann"));
}

}  // namespace
}  // namespace staffetta::policy
