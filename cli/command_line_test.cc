#include "cli/command_line.h"

#include <sstream>

#include "cli/cli_fixture.h"
#include "cli/suggest.h"

namespace staffetta::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CommandLineTest : public CliTest {};

TEST_F(CommandLineTest, HelpOfTheProgram_NamesAllCommands) {
  const Outcome outcome = Do({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* word : {"serve", "check-config", "accounts", "users", "senders", "queue",
                           "inbox", "events", "stats", "--server", "--json", "--timeout"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
}

TEST_F(CommandLineTest, HelpOfACommand_HasItsOwnOptionsAndTheCommonOnes) {
  const Outcome outcome = Do({"users", "create", "--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* word : {"staffetta users create", "--account", "--sender", "--network",
                           "--server", "--key-file", "--data", "--json"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
  EXPECT_THAT(outcome.out, Not(HasSubstr("--by-operator")));
}

TEST_F(CommandLineTest, HelpOfAGroup_NamesItsCommands) {
  EXPECT_THAT(Do({"users", "--help"}).out,
              AllOf(HasSubstr("regenerate-password"), HasSubstr("deactivate")));
}

TEST_F(CommandLineTest, WrongWords_AreUsageAndGetTheNearestKnown) {
  const struct {
    std::vector<std::string> words;
    std::string error;
  } rows[] = {
      {{"users", "list", "--jsn"},
       "staffetta users list does not know --jsn; did you mean --json?"},
      {{"users", "create", "--acount", "1"}, "does not know --acount; did you mean --account?"},
      {{"users", "create", "--prioritt=2"}, "does not know --prioritt; did you mean --priority?"},
      {{"user", "list"}, "staffetta does not know user; did you mean users?"},
      {{"users", "lst"}, "staffetta users does not know lst; did you mean list?"},
      {{"users", "list", "--frobnicate"}, "does not know --frobnicate\n"},
      {{"users", "show", "a", "b"}, "staffetta users show does not know b\n"},
      {{}, "staffetta: "},
      {{"users"}, "staffetta users: "},
      {{"users", "show"}, "staffetta users show: user is required"},
      {{"users", "list", "--account", "x"},
       "staffetta users list: --account: \"x\" is not a whole number from 1"},
      {{"users", "create", "--account", "1", "--priority", "6"}, "--priority: 6 is more than 5"},
      {{"users", "create", "--account", "-1"}, "--account: \"-1\" is not a whole number from 0"},
      {{"queue", "list", "--account", "0"}, "--account: 0 is less than 1"},
      {{"queue", "list", "--class", "0"}, "--class: 0 is less than 1"},
      {{"queue", "list", "--class", "6"}, "--class: 6 is more than 5"},
      {{"queue", "list", "--limit", "-1"}, "--limit: \"-1\" is not a whole number from 0"},
      {{"queue", "throttle", "all", "--burst", "2147483648"},
       "--burst: 2147483648 is more than 2147483647"},
      {{"queue", "throttle", "all", "--per-day", "99999999999999999999"},
       "--per-day: 99999999999999999999 is more than 9223372036854775807"},
      {{"users", "list", "--server", "nonsense"}, "--server"},
      {{"users", "list", "--timeout", "0"}, "--timeout"},
      {{"serve", "--set", "novalue"}, "--set"},
      {{"serve", "--json"}, "--json"},
      {{"serve", "--data", ""}, "--data: is empty"},
      {{"--data", "", "serve"}, "--data: is empty"},
  };
  for (const auto& row : rows) {
    const Outcome outcome = Do(row.words);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(row.words);
    EXPECT_THAT(outcome.err, HasSubstr(row.error)) << testing::PrintToString(row.words);
    EXPECT_THAT(outcome.err, HasSubstr("\nSee: staffetta"));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(CommandLineTest, ServerThatIsDown_IsNamedTogetherWithServe) {
  const Outcome outcome = Call({"--server", "127.0.0.1:1", "accounts", "list"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("`staffetta serve`"),
                                 HasSubstr("--server")));
}

TEST_F(CommandLineTest, ProcessWithoutTheRole_IsNamedTogetherWithIt) {
  Serve({});
  const Outcome outcome = Call({"inbox", "list", "--account", "1"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the process at " + endpoint() +
                                     " does not have the role delivery; name one that has"));
}

TEST_F(CommandLineTest, MissingKey_IsSaidBeforeAnythingIsSent) {
  const Outcome outcome = Do({"accounts", "list", "--data", data() + "/none"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(data() + "/none/operator.key"));
}

TEST_F(CommandLineTest, OutputThatCannotBeWritten_IsAnError) {
  std::ostringstream out;
  Session session({}, &out);
  out.setstate(std::ios::badbit);
  EXPECT_FALSE(session.Flush().ok());
}

TEST(SuggestTest, NearestWord_IsNearOrNone) {
  EXPECT_EQ(NearestWord("lsit", {"list", "show"}), "list");
  EXPECT_EQ(NearestWord("--servr", {"--sender", "--server"}), "--server");
  EXPECT_EQ(NearestWord("--xyzzy", {"--sender", "--server"}), "");
  EXPECT_EQ(NearestWord("", {}), "");
}

}  // namespace
}  // namespace staffetta::cli
