#include "cli/cli_fixture.h"
#include "cli/serve.h"

namespace staffetta::cli {

namespace {
ServeArgs served;
}  // namespace

// In the place of the real one, which this program does not link.
int Serve(const ServeArgs& args) {
  served = args;
  return 42;
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ServeCommandsTest : public CliTest {};

TEST_F(ServeCommandsTest, Serve_GetsAllThatWasSaidAndItsExitCodeIsOurs) {
  const Outcome outcome = Do({"serve", "--config", "relay.yaml", "--set", "gateway.ports=25,587",
                              "--set", "hostname=", "--roles", "gateway,queue", "--data",
                              "/srv/mail", "--demo", "--demo-out", "demo.json"});
  EXPECT_EQ(outcome.code, 42) << outcome.err;
  EXPECT_EQ(served.config_file, "relay.yaml");
  ASSERT_EQ(served.overrides.size(), 2);
  EXPECT_EQ(served.overrides[0].key, "gateway.ports");
  EXPECT_EQ(served.overrides[0].value, "25,587");
  EXPECT_EQ(served.overrides[1].key, "hostname");
  EXPECT_EQ(served.overrides[1].value, "");
  EXPECT_THAT(served.roles, ElementsAre("gateway", "queue"));
  EXPECT_EQ(served.data_dir, "/srv/mail");
  EXPECT_TRUE(served.demo);
  EXPECT_EQ(served.demo_out, "demo.json");
}

TEST_F(ServeCommandsTest, ServeWithoutOptions_HasDefaults) {
  EXPECT_EQ(Do({"serve"}).code, 42);
  EXPECT_EQ(served.data_dir, "/var/lib/staffetta");
  EXPECT_EQ(served.config_file, "");
  EXPECT_TRUE(served.roles.empty());
  EXPECT_FALSE(served.demo);
}

TEST_F(ServeCommandsTest, DataDirectoryInFront_IsServedToo) {
  Do({"--data", "/srv/mail", "serve"});
  EXPECT_EQ(served.data_dir, "/srv/mail");
}

// SPEC O1
TEST_F(ServeCommandsTest, CheckConfig_PrintsAllKeys) {
  Write(data() + "/relay.yaml", "grpc:\n  listen: 127.0.0.1:4499\n");
  const Outcome outcome = Do({"check-config", data() + "/relay.yaml"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("4499"));
  EXPECT_THAT(outcome.out, HasSubstr("gateway:"));
}

// SPEC O1
TEST_F(ServeCommandsTest, CheckConfigOfABadFile_NamesFileLineAndKey) {
  Write(data() + "/relay.yaml", "grpc:\n  lissten: 127.0.0.1:4499\n");
  const Outcome outcome = Do({"check-config", data() + "/relay.yaml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr(data() + "/relay.yaml:2: grpc.lissten: "));
}

TEST_F(ServeCommandsTest, CheckConfigOfNoFile_SaysSo) {
  const Outcome outcome = Do({"check-config", data() + "/none.yaml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(data() + "/none.yaml"));
}

}  // namespace
}  // namespace staffetta::cli
