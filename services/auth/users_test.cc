#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/server_fixture.h"

namespace staffetta::auth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using UsersTest = ServerTest;

// SPEC U2, U5
TEST_F(UsersTest, NewUser_IsNamedByAccountAndNumberAndInactive) {
  EXPECT_EQ(CreateAccount(), 1u);
  EXPECT_EQ(CreateAccount(), 2u);
  v1::CreateUserRequest request;
  request.set_account_id(2);
  for (const char* name : {"s2_0", "s2_1", "s2_2"}) {
    const auto created = Create(request);
    ASSERT_TRUE(created.ok()) << created.status();
    EXPECT_EQ(created->user().user(), name);
    EXPECT_EQ(created->user().status(), v1::USER_STATUS_INACTIVE);
    EXPECT_EQ(created->user().priority(), 3);
    EXPECT_EQ(created->user().type(), v1::USER_TYPE_SMTP);
    EXPECT_GE(created->password().size(), 26u);
  }
}

// SPEC U2, U11
TEST_F(UsersTest, DeletedUser_IsGoneAndItsNameIsNotGivenAgain) {
  CreateAccount();
  const std::string password = CreateActive("s1_0");
  EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_OK);
  EXPECT_TRUE(Delete("s1_0").ok());
  EXPECT_EQ(VerdictOn("s1_0", password), v1::AUTH_VERDICT_WRONG_CREDENTIALS);
  EXPECT_EQ(Get("s1_0").status().code(), Code::kNotFound);
  EXPECT_EQ(Delete("s1_0").code(), Code::kNotFound);
  EXPECT_THAT(Names(*List({})), IsEmpty());
  v1::CreateUserRequest request;
  request.set_account_id(1);
  EXPECT_EQ(Create(request)->user().user(), "s1_1");
}

TEST_F(UsersTest, CreateUser_RefusesWhatIsOutOfRange) {
  CreateAccount();
  v1::CreateUserRequest request;
  request.set_account_id(9);
  EXPECT_EQ(Create(request).status().code(), Code::kNotFound);
  request.set_account_id(1);
  request.set_priority(6);
  EXPECT_EQ(Create(request).status().code(), Code::kInvalidArgument);
  request.set_priority(0);
  request.add_open_networks("0.0.0.0/0");
  EXPECT_EQ(Create(request).status().code(), Code::kInvalidArgument);
  request.clear_open_networks();
  EXPECT_EQ(Create(request)->user().user(), "s1_0");  // no number was used up
}

// SPEC U5
TEST_F(UsersTest, Activation_NeedsAVerifiedSenderAndSaysWhatToDo) {
  CreateAccount();
  v1::CreateUserRequest request;
  request.set_account_id(1);
  ASSERT_TRUE(Create(request).ok());
  EXPECT_EQ(Activate("s1_0").status().code(), Code::kFailedPrecondition);
  request.add_senders("example.com");
  request.add_senders("ann@example.org");
  ASSERT_TRUE(Create(request).ok());
  const auto refused = Activate("s1_1");
  EXPECT_EQ(refused.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("example.com is pending (publish the record)"),
                    HasSubstr("ann@example.org is pending")));
  policy_.Verify("ann@example.org");
  EXPECT_EQ(Get("s1_1")->user().status(), v1::USER_STATUS_INACTIVE);  // not by itself
  EXPECT_TRUE(Activate("s1_1").ok());
}

// SPEC U5
TEST_F(UsersTest, TakingTheLastVerifiedSender_MakesTheUserInactive) {
  CreateAccount();
  CreateActive("s1_0");
  v1::User user;
  user.set_user("s1_0");
  user.add_senders("example.com");
  user.add_senders("example.org");
  EXPECT_EQ(Update(user, {"senders"})->user().status(), v1::USER_STATUS_ACTIVE);
  user.clear_senders();
  user.add_senders("example.org");
  const auto updated = Update(user, {"senders"});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->user().status(), v1::USER_STATUS_INACTIVE);
  EXPECT_THAT(updated->user().senders(), ElementsAre("example.org"));
}

// SPEC U1
TEST_F(UsersTest, Update_ChangesTheFieldsOfTheMaskOnly) {
  CreateAccount();
  CreateActive("s1_0");
  const v1::User before = Get("s1_0")->user();
  v1::User user;
  user.set_user("s1_0");
  user.set_note("new note");
  user.set_priority(1);
  const auto noted = Update(user, {"note"});
  ASSERT_TRUE(noted.ok()) << noted.status();
  EXPECT_EQ(noted->user().note(), "new note");
  EXPECT_EQ(noted->user().priority(), 3);
  EXPECT_EQ(noted->user().revision(), before.revision());
  EXPECT_THAT(noted->user().senders(), ElementsAre("example.com"));
  EXPECT_GT(Update(user, {"priority"})->user().revision(), before.revision());
  EXPECT_EQ(Get("s1_0")->user().note(), "new note");
  for (const std::vector<std::string>& mask :
       {std::vector<std::string>{}, {"user"}, {"status"}, {"note", "revision"}, {"type"}}) {
    EXPECT_EQ(Update(user, mask).status().code(), Code::kInvalidArgument);
  }
  user.set_user("s1_7");
  EXPECT_EQ(Update(user, {"note"}).status().code(), Code::kNotFound);
}

Co<void> UpdateField(const Auth* client, v1::User user, std::string field) {
  v1::UpdateUserRequest request;
  *request.mutable_user() = std::move(user);
  request.mutable_update_mask()->add_paths(field);
  const auto response = co_await client->Call(&Auth::Async::UpdateUser, std::move(request));
  EXPECT_TRUE(response.ok()) << response.status();
}
// Three fields at the same moment, by two replicas.
Co<void> UpdateTogether(TaskGroup* group, const Auth* one, const Auth* other, v1::User user) {
  group->Spawn(UpdateField(one, user, "note"));
  group->Spawn(UpdateField(other, user, "priority"));
  group->Spawn(UpdateField(one, user, "open_networks"));
  co_await group->Wait();
}

// SPEC U1
TEST_F(UsersTest, ChangesOfTwoAdministratorsAtOnce_AreBothMade) {
  CreateAccount();
  CreateActive("s1_0");
  const auto second = NewReplica();
  TaskGroup group(runtime_.executor(0), "test");
  for (int i = 0; i < 30; ++i) {
    v1::User user;
    user.set_user("s1_0");
    user.set_note(absl::StrCat("note ", i));
    user.set_priority(1 + i % 5);
    user.add_open_networks(absl::StrCat("192.0.2.", i));
    runtime_.Block(UpdateTogether(&group, &replica_->client(), &second->client(), user));
    const v1::User now = Get("s1_0")->user();
    ASSERT_EQ(now.note(), user.note());
    ASSERT_EQ(now.priority(), user.priority());
    ASSERT_EQ(now.open_networks(0), user.open_networks(0));
  }
}

// SPEC U1
TEST_F(UsersTest, List_IsPagedFilteredAndInOrderOfNumbers) {
  CreateAccount();
  CreateAccount();
  v1::CreateUserRequest request;
  for (int i = 0; i < 12; ++i) {
    request.set_account_id(i == 5 ? 2 : 1);
    ASSERT_TRUE(Create(request).ok());
  }
  v1::ListUsersRequest list;
  list.set_account_id(1);
  list.set_page_size(4);
  std::vector<std::string> names;
  do {
    const auto page = List(list);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->users_size(), 4);
    for (const std::string& name : Names(*page)) names.push_back(name);
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(names, ElementsAre("s1_0", "s1_1", "s1_2", "s1_3", "s1_4", "s1_5", "s1_6", "s1_7",
                                 "s1_8", "s1_9", "s1_10"));
  ASSERT_TRUE(Block("s1_3", "spam").ok());
  ASSERT_TRUE(Block("s1_10", "spam").ok());
  v1::ListUsersRequest blocked;
  blocked.set_status(v1::USER_STATUS_BLOCKED);
  blocked.set_page_size(2);
  EXPECT_THAT(Names(*List(blocked)), ElementsAre("s1_3", "s1_10"));
  v1::ListUsersRequest all;
  EXPECT_EQ(List(all)->users_size(), 12);
  all.set_page_token("junk");
  EXPECT_EQ(List(all).status().code(), Code::kInvalidArgument);
  all.clear_page_token();
  all.set_page_size(1001);
  EXPECT_EQ(List(all).status().code(), Code::kInvalidArgument);
}

// SPEC E1
TEST_F(UsersTest, ChangesOfState_ArePublished) {
  CreateAccount();
  CreateActive("s1_0");
  ASSERT_TRUE(Deactivate("s1_0", "holidays").ok());
  ASSERT_TRUE(Deactivate("s1_0", "again").ok());
  ASSERT_TRUE(Block("s1_0", "spam").ok());
  ASSERT_TRUE(Delete("s1_0").ok());
  replica_.reset();  // waits for events on their way
  EXPECT_THAT(events_.details(), UnorderedElementsAre("s1_0: SMTP user s1_0 was created, inactive",
                                                      "s1_0: SMTP user s1_0 is active",
                                                      "s1_0: SMTP user s1_0 is inactive: holidays",
                                                      "s1_0: SMTP user s1_0 is blocked: spam",
                                                      "s1_0: SMTP user s1_0 was deleted"));
}

TEST_F(UsersTest, PolicyDown_StopsActivationButNotDeactivation) {
  CreateAccount();
  CreateActive("s1_0");
  policy_.GoDown(true);
  EXPECT_EQ(Get("s1_0").status().code(), Code::kUnavailable);
  EXPECT_EQ(Deactivate("s1_0")->user().status(), v1::USER_STATUS_INACTIVE);
  EXPECT_EQ(Activate("s1_0").status().code(), Code::kUnavailable);
  policy_.GoDown(false);
  EXPECT_EQ(Get("s1_0")->user().status(), v1::USER_STATUS_INACTIVE);
}

}  // namespace
}  // namespace staffetta::auth
