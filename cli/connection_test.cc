#include "cli/connection.h"

#include <filesystem>

#include "cli/cli_fixture.h"

namespace staffetta::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Options that name only the data directory, unless they say more.
class ConnectionTest : public CliTest {
 protected:
  ConnectionTest() { options_.data = data(); }

  std::string Endpoint() {
    const auto connection = FindConnection(options_);
    return connection.ok() ? connection->endpoint : connection.status().ToString();
  }

  std::string Key() {
    const auto connection = FindConnection(options_);
    return connection.ok() ? connection->key : connection.status().ToString();
  }

  ConnectionOptions options_;
};

TEST_F(ConnectionTest, Endpoint_IsTheOptionElseTheEnvironmentElseTheFileElseTheDefault) {
  EXPECT_EQ(Endpoint(), "127.0.0.1:4410");
  Write(data() + "/grpc.endpoint", "127.0.0.1:1\n");
  EXPECT_EQ(Endpoint(), "127.0.0.1:1");
  setenv("STAFFETTA_SERVER", "127.0.0.1:2", 1);
  EXPECT_EQ(Endpoint(), "127.0.0.1:2");
  options_.server = "unix:/run/staffetta";
  EXPECT_EQ(Endpoint(), "unix:/run/staffetta");
}

TEST_F(ConnectionTest, EndpointThatIsNone_IsBlamedOnItsSource) {
  Write(data() + "/grpc.endpoint", "nonsense\n");
  EXPECT_THAT(Endpoint(), HasSubstr("/grpc.endpoint: "));
  setenv("STAFFETTA_SERVER", "nonsense", 1);
  EXPECT_THAT(Endpoint(), HasSubstr("STAFFETTA_SERVER: "));
}

TEST_F(ConnectionTest, Key_IsTheOptionsElseTheEnvironmentsElseTheDataDirectorys) {
  EXPECT_EQ(Key(), kKey);
  setenv("STAFFETTA_KEY", "key-of-the-environment\n", 1);
  EXPECT_EQ(Key(), "key-of-the-environment");
  options_.key_file = data() + "/my.key";
  Write(options_.key_file, "key-of-the-file-named-by-option");
  EXPECT_EQ(Key(), "key-of-the-file-named-by-option");
}

TEST_F(ConnectionTest, KeyThatMetadataCannotCarry_IsRefusedAndNotShown) {
  setenv("STAFFETTA_KEY", "two words", 1);
  EXPECT_THAT(Key(), AllOf(HasSubstr("STAFFETTA_KEY"), Not(HasSubstr("two"))));
}

TEST_F(ConnectionTest, MissingKey_NamesTheFileAndTheWaysOut) {
  std::filesystem::remove(data() + "/operator.key");
  EXPECT_THAT(Key(), AllOf(HasSubstr(data() + "/operator.key"), HasSubstr("--data DIR"),
                           HasSubstr("--key-file FILE"), HasSubstr("STAFFETTA_KEY")));
}

TEST_F(ConnectionTest, KeyFileOpenToOthers_NamesTheRepair) {
  Write(data() + "/operator.key", kKey, 0644);
  EXPECT_THAT(Key(),
              AllOf(HasSubstr("chmod 600 " + data() + "/operator.key"), Not(HasSubstr(kKey))));
}

TEST_F(ConnectionTest, DataDirectory_IsTheOptionElseTheEnvironmentElseOneWithAKey) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(data());
  EXPECT_EQ(DataDirectory(""), "/var/lib/staffetta");
  std::filesystem::create_directory("var");
  EXPECT_EQ(DataDirectory(""), "/var/lib/staffetta");
  Write("var/operator.key", kKey);
  EXPECT_EQ(DataDirectory(""), "./var");
  EXPECT_EQ(ServeDirectory(""), "/var/lib/staffetta");
  setenv("STAFFETTA_DATA", "/srv/mail", 1);
  EXPECT_EQ(DataDirectory(""), "/srv/mail");
  EXPECT_EQ(ServeDirectory(""), "/srv/mail");
  EXPECT_EQ(DataDirectory("/other"), "/other");
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace staffetta::cli
