#include "cli/redis_config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace staffetta::cli {
namespace {

using Kind = redis::Deployment::Kind;

TEST(RedisConfig, NamingNothing_MeansTheEmbeddedOne) {
  config::v1::Redis config;
  EXPECT_TRUE(WantsEmbeddedRedis(config));
  config.add_cluster("h:1");
  EXPECT_FALSE(WantsEmbeddedRedis(config));
}

// SPEC Q7
TEST(RedisConfig, ChoosesOneServerAClusterOrSentinels) {
  const std::string file = testing::TempDir() + "/redis_config_test.password";
  std::ofstream(file) << "of-sentinels\n";

  config::v1::Redis server;
  server.set_address("127.0.0.1:6379");
  server.set_user("relay");
  server.set_password("secret");
  auto deployment = DeploymentOf(server);
  ASSERT_TRUE(deployment.ok()) << deployment.status();
  EXPECT_EQ(deployment->kind, Kind::kServer);
  EXPECT_EQ(deployment->endpoints[0].username, "relay");
  EXPECT_EQ(deployment->endpoints[0].password, "secret");

  config::v1::Redis cluster;
  cluster.add_cluster("a:7000");
  cluster.add_cluster("b:7000");
  cluster.set_password("secret");
  deployment = DeploymentOf(cluster);
  ASSERT_TRUE(deployment.ok()) << deployment.status();
  EXPECT_EQ(deployment->kind, Kind::kCluster);
  EXPECT_EQ(deployment->ToString(), "cluster a:7000,b:7000");
  EXPECT_EQ(deployment->login.password, "secret");

  config::v1::Redis sentinels;
  sentinels.add_sentinels("s:26379");
  sentinels.set_master_name("relay");
  sentinels.set_password("secret");
  sentinels.set_sentinel_password_file(file);
  deployment = DeploymentOf(sentinels);
  ASSERT_TRUE(deployment.ok()) << deployment.status();
  EXPECT_EQ(deployment->kind, Kind::kSentinel);
  EXPECT_EQ(deployment->ToString(), "master relay of sentinels s:26379");
  EXPECT_EQ(deployment->login.password, "secret");
  EXPECT_EQ(deployment->endpoints[0].password, "of-sentinels");
  std::filesystem::remove(file);
}

// SPEC Q8
TEST(RedisConfig, SecondStore_IsOfItsOwn) {
  config::v1::Redis config;
  EXPECT_EQ(*ContentStoreOf(config.content()), std::nullopt);
  config.mutable_content()->set_address("big:6666");
  config.mutable_content()->set_user("relay");
  config.mutable_content()->set_password("secret");
  config.mutable_content()->set_command_timeout("3s");
  const auto store = ContentStoreOf(config.content());
  ASSERT_TRUE(store.ok() && *store) << store.status();
  EXPECT_EQ((*store)->endpoint.ToString(), "big:6666");
  EXPECT_EQ((*store)->endpoint.endpoints[0].password, "secret");
  EXPECT_EQ((*store)->command_timeout, absl::Seconds(3));
  EXPECT_TRUE(WantsEmbeddedRedis(config)) << "the main one stays as it was";
}

TEST(RedisConfig, PasswordFileThatCannotBeRead_IsNamed) {
  config::v1::Redis config;
  config.set_address("h:1");
  config.set_password_file("/nonexistent/password");
  const absl::Status status = DeploymentOf(config).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::string(status.message()),
            "redis.password_file: cannot read /nonexistent/password");
}

}  // namespace
}  // namespace staffetta::cli
