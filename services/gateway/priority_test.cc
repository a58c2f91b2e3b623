#include "gateway/priority.h"

#include <gtest/gtest.h>

#include <string>

namespace staffetta::gateway {
namespace {

constexpr std::optional<int> kNothing;

std::optional<int> Read(const std::string& fields) {
  return ClassOfHeader(mime::HeaderBlock::Parse(fields));
}

std::string Show(int message_class, const std::string& fields) {
  const mime::HeaderBlock header = mime::HeaderBlock::Parse(fields);
  mime::Edits edits(header);
  ShowClass(message_class, header, &edits);
  return edits.Apply(fields);
}

// SPEC P1
TEST(Priority, HigherOfUserAndMessage_Holds) {
  EXPECT_EQ(EffectiveClass({.user = 3}), 3);
  EXPECT_EQ(EffectiveClass({.user = 3, .header = 1}), 1);
  EXPECT_EQ(EffectiveClass({.user = 1, .header = 5}), 1);
  EXPECT_EQ(EffectiveClass({.user = 5, .smtp_api = 4}), 4);
}

// SPEC P1
TEST(Priority, MessagesOwn_IsTheFirstThatSaysSomething) {
  EXPECT_EQ(EffectiveClass({.user = 5, .smtp_api = 4, .mt_priority = 9, .header = 1}), 4);
  EXPECT_EQ(EffectiveClass({.user = 5, .mt_priority = 0, .header = 1}), 3);
  EXPECT_EQ(EffectiveClass({.user = 5, .header = 2}), 2);
}

// SPEC P1, S4
TEST(Priority, MtPriority_HasFiveClasses) {
  const int expected[] = {5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1};
  for (int priority = -9; priority <= 9; ++priority) {
    EXPECT_EQ(ClassOfMtPriority(priority), expected[priority + 9]) << priority;
  }
}

// SPEC P1
TEST(Priority, HeaderFields_AreReadAsClientsWriteThem) {
  EXPECT_EQ(Read("X-Priority: 1\r\n"), 1);
  EXPECT_EQ(Read("X-Priority: 1 (Highest)\r\n"), 1);
  EXPECT_EQ(Read("x-priority:2(High)\r\n"), 2);
  EXPECT_EQ(Read("X-Priority:\r\n 5\r\n"), 5);
  EXPECT_EQ(Read("Importance: High\r\n"), 2);
  EXPECT_EQ(Read("Importance: normal\r\n"), 3);
  EXPECT_EQ(Read("Importance: LOW\r\n"), 4);
  EXPECT_EQ(Read("X-MSMail-Priority: High\r\n"), 2);
  EXPECT_EQ(Read("Priority: urgent\r\n"), 2);
  EXPECT_EQ(Read("Priority: normal\r\n"), 3);
  EXPECT_EQ(Read("Priority: non-urgent\r\n"), 4);
  for (const char* nothing : {"", "X-Priority: 0\r\n", "X-Priority: 6\r\n", "X-Priority: 10\r\n",
                              "X-Priority: -1\r\n", "X-Priority:\r\n", "Importance: !\r\n"}) {
    EXPECT_EQ(Read(nothing), kNothing) << nothing;
  }
}

// SPEC P1
TEST(Priority, FirstFieldOfTheList_Counts) {
  EXPECT_EQ(Read("Priority: urgent\r\nImportance: low\r\nX-Priority: 3\r\n"), 3);
  EXPECT_EQ(Read("Priority: urgent\r\nImportance: low\r\nX-Priority: what?\r\n"), 4);
}

// SPEC P2
TEST(Priority, FieldsThatAgree_StayAsTheyAre) {
  for (const char* same : {"X-Priority: 1\r\nImportance: HIGH\r\nX-MSMail-Priority:  high\r\n",
                           "X-Priority:1 (very urgent)\r\nImportance:\r\n High\r\n"}) {
    EXPECT_EQ(Show(1, same), same);
  }
  EXPECT_EQ(Show(3, "Importance: Normal\r\n"), "Importance: Normal\r\n");
  EXPECT_EQ(Show(3, "Subject: x\r\n"), "Subject: x\r\n");
}

// SPEC P2
TEST(Priority, FieldsThatDisagree_AreRewrittenWhereTheyStand) {
  EXPECT_EQ(Show(1,
                 "A: b\r\nX-Priority: 3\r\nIMPORTANCE: low\r\nX-MSMail-Priority: Low\r\n"
                 "Priority: non-urgent\r\nC: d\r\n"),
            "A: b\r\nX-Priority: 1 (Highest)\r\nImportance: high\r\nX-MSMail-Priority: High\r\n"
            "Priority: non-urgent\r\nC: d\r\n");
  EXPECT_EQ(Show(3, "X-Priority: 5\r\nImportance: soon\r\n"),
            "X-Priority: 3 (Normal)\r\nImportance: normal\r\n");
  EXPECT_EQ(Show(2, "X-Priority: 2\r\nA: b\r\nX-Priority: 2\r\nImportance: high\r\n"),
            "X-Priority: 2 (High)\r\nA: b\r\nImportance: high\r\n");
}

// SPEC P2
TEST(Priority, ClassOtherThanNormal_IsAddedForClients) {
  EXPECT_EQ(Show(5, "A: b\r\n"), "Importance: low\r\nX-Priority: 5 (Lowest)\r\nA: b\r\n");
  EXPECT_EQ(Show(2, "X-Priority: 2\r\n"), "Importance: high\r\nX-Priority: 2\r\n");
}

// RFC 6710: the reply tells a priority that is not the one asked for.
TEST(Priority, GrantedMtPriority_IsNeverBelowTheUsersClass) {
  const struct {
    int user;
    int asked;
    int granted;
  } kRows[] = {{3, 0, 0}, {3, 4, 4}, {3, -1, -1}, {3, -2, -1}, {3, -9, -1}, {1, 9, 9},
               {1, 6, 6}, {1, 5, 6}, {2, 1, 2},   {4, -5, -5}, {4, -6, -5}, {5, -9, -9}};
  for (const auto& row : kRows) {
    EXPECT_EQ(GrantedMtPriority(row.user, row.asked), row.granted) << row.user << " " << row.asked;
    EXPECT_EQ(ClassOfMtPriority(row.granted),
              EffectiveClass({.user = row.user, .mt_priority = row.asked}));
  }
}

}  // namespace
}  // namespace staffetta::gateway
