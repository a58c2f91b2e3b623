#include "common/base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace staffetta {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string name = ::testing::TempDir() + "staffetta-config-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    path_ = directory_ / "relay.yaml";
  }
  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<config::v1::Config> Load(const std::string& yaml,
                                          const std::vector<Override>& overrides = {}) {
    std::ofstream(path_) << yaml;
    return LoadConfig(path_, overrides);
  }
  // The error's text after the name of the file: "3: gateway.port: unknown key…".
  std::string Error(const std::string& yaml) {
    const auto config = Load(yaml);
    if (config.ok()) return "no error";
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(config.status().message());
    EXPECT_THAT(message, StartsWith(path_.string() + ":"));
    return message.substr(std::min(message.size(), path_.string().size() + 1));
  }
  static std::string SetError(const std::string& key, const std::string& value) {
    const auto config = LoadConfig("", {{key, value}});
    return config.ok() ? "no error" : std::string(config.status().message());
  }

  std::filesystem::path directory_;
  std::filesystem::path path_;
};

TEST_F(ConfigTest, NoFile_GivesTheDefaults) {
  const auto config = LoadConfig("", {});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->gateway().ports(), "2525");
  EXPECT_EQ(DurationOf(config->queue().lifetime()), absl::Hours(120));
  EXPECT_EQ(BytesOf(config->gateway().max_message_size()), 25 << 20);
}

TEST_F(ConfigTest, EmptyFileAndEmptySections_AreFine) {
  for (const char* yaml : {"", "\n# nothing\n", "---\n", "gateway:\n# ports: 25\ndns:\n", "{}",
                           "delivery: {routes: }"}) {
    EXPECT_TRUE(Load(yaml).ok()) << yaml << Load(yaml).status();
  }
}

TEST_F(ConfigTest, ReadsEveryTypeOfKey) {
  const auto config = Load(R"(
hostname: relay.example.com
threads: 4
gateway:
  ports: 25,587,1025-5000
  require_tls: true
queue: {lease_time: 10m}
delivery:
  helo: "[192.0.2.1]"
  routes:
    - {domain: "*.example.org", to: "[::1]:2525"}
    - domain: "*"
      to: smarthost:25
  allow_networks: [127.0.0.0/8, "::1"]
events: {keep: 5000000000}
)");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->hostname(), "relay.example.com");
  EXPECT_EQ(config->threads(), 4);
  EXPECT_EQ(config->gateway().ports(), "25,587,1025-5000");
  EXPECT_TRUE(config->gateway().require_tls());
  ASSERT_EQ(config->delivery().routes_size(), 2);
  EXPECT_EQ(config->delivery().routes(0).to(), "[::1]:2525");
  EXPECT_EQ(config->delivery().routes(1).domain(), "*");
  EXPECT_THAT(config->delivery().allow_networks(), ::testing::ElementsAre("127.0.0.0/8", "::1"));
  EXPECT_EQ(config->events().keep(), 5'000'000'000);
}

// SPEC O1
TEST_F(ConfigTest, ErrorsNameLineKeyAndReason) {
  const struct {
    const char* yaml;
    const char* expected;
  } kCases[] = {
      {"gateway:\n  prots: 25", "2: gateway.prots: unknown key; did you mean ports?"},
      {"log:\n\n  colour_of_lines: 1", "3: log.colour_of_lines: unknown key; known are level"},
      {"gatewey: {}", "1: gatewey: unknown key; did you mean gateway?"},
      {"gateway: 25", "1: gateway: must be a section"},
      {"- gateway", "1: must be a section"},
      {"gateway:\n  ports:", "2: gateway.ports: has no value"},
      {"gateway:\n  ports: [25, 26]", "2: gateway.ports: must be a single value"},
      {"gateway:\n  ports: 25\n  ports: 26", "3: gateway.ports: stands here twice"},
      {"gateway: {}\ngateway: {}", "2: gateway: stands here twice"},
      {"gateway:\n  ports: 25,70000", "2: gateway.ports: \"70000\" is not a port"},
      {"gateway:\n  require_tls: yes", "2: gateway.require_tls: \"yes\" is neither true nor"},
      {"gateway:\n  max_errors: many", "2: gateway.max_errors: \"many\" is not a whole number"},
      {"gateway:\n  max_errors: 2.5", "2: gateway.max_errors: \"2.5\" is not a whole"},
      {"gateway:\n  max_errors: 4294967297", "2: gateway.max_errors: \"4294967297\" is not a"},
      {"gateway:\n  max_errors: 0", "2: gateway.max_errors: 0 is less than 1"},
      {"gateway:\n  max_recipients: 99", "2: gateway.max_recipients: 99 is less than 100"},
      {"gateway:\n  max_recipients: 10001", "2: gateway.max_recipients: 10001 is more than 10000"},
      {"delivery: {prefetch: 2001}", "1: delivery.prefetch: 2001 is more than 2000"},
      {"gateway:\n  address: here", "2: gateway.address: \"here\" is no IP address"},
      {"gateway:\n  max_line: 1KB2", "2: gateway.max_line: \"1KB2\" is not a size"},
      {"gateway:\n  data_timeout: 3", "2: gateway.data_timeout: \"3\" has a number without unit"},
      {"gateway:\n  data_timeout: 0s", "2: gateway.data_timeout: must be longer than 0"},
      {"gateway:\n  data_timeout: \"\"", "2: gateway.data_timeout: \"\" is not a length"},
      {"threads: -1", "1: threads: -1 is less than 0"},
      {"events: {keep: -1}", "1: events.keep: -1 is less than 0"},
      {"delivery: {port: 65536}", "1: delivery.port: 65536 is more than 65535"},
      {"queue: {compression_level: 20}", "1: queue.compression_level: 20 is more than 19"},
      {"queue: {compression_level: 0}", "1: queue.compression_level: 0 is less than 1"},
      {"log: {level: loud}", "1: log.level: \"loud\" is none of trace, debug, info, warn, error"},
      {"redis:\n  address: /run/redis.sock", "2: redis.address: \"/run/redis.sock\" has no port"},
      {"delivery:\n  allow_networks: 10.0.0.0/8", "2: delivery.allow_networks: must be a list"},
      {"delivery:\n  allow_networks:\n  - ::1\n  - 10.0.0.1/8",
       "4: delivery.allow_networks[1]: \"10.0.0.1/8\" has bits set beyond its prefix; the network "
       "is 10.0.0.0/8"},
      {"delivery:\n  routes:\n  - domain: a\n    too: b:25",
       "4: delivery.routes[0].too: unknown key; did you mean to?"},
      {"delivery:\n  routes:\n  - {domain: a, to: \"b:25\"}\n  - domain: c",
       "4: delivery.routes[1]: needs `to`"},
      {"delivery: {routes: [{to: \"b:25\"}]}", "1: delivery.routes[0]: needs a domain"},
      {"delivery: {egress_rate: 1000}", "1: delivery.egress_rate: \"1000\" is less than 1KiB"},
      {"delivery: {egress_rate: 10MiB/s}", "1: delivery.egress_rate: "},
      {"gateway: {max_message_size: 3GiB}",
       "1: gateway.max_message_size: \"3GiB\" is more than 2GiB"},
      {"gateway: {max_message_size: 0}", "1: gateway.max_message_size: must be more than 0"},
      {"queue: {lease_time: 601s}", "1: queue.lease_time: \"601s\" is more than 10m"},
      {"hostname: a b", "1: hostname: \"a b\" is no host name"},
      {"delivery: {helo: a b}", "1: delivery.helo: \"a b\" is no host name"},
      {"dns: {servers: [resolver.example]}", "1: dns.servers[0]: \"resolver.example\" is no"},
      {"gateway:\n  ports: \"25\n", "illegal EOF in scalar"},
      {"gateway:\n  - [1\n", "end of"},
      {"a: b: c", "1: illegal map value"},
      {"hostname: a\n---\nhostname: b", "3: a second document"},
      {"[1, 2]: x", "1: has a key that is no word"},
      {"<<: {}", "1: <<: unknown key"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Error(c.yaml), HasSubstr(c.expected)) << c.yaml;
  }
}

// SPEC Q7
TEST_F(ConfigTest, RedisKeysThatDoNotGoTogether_AreRefused) {
  const struct {
    std::string keys;
    std::string expected;  // empty: they do
  } kCases[] = {
      {"cluster: [\"a:1\", \"b:1\"]", ""},
      {"sentinels: [\"a:1\"], master_name: relay, sentinel_password_file: p, replicas: 1", ""},
      {"address: \"a:1\", replicas: 1", ""},
      {"cluster: [\"a\"]", "redis.cluster[0]: \"a\" has no port"},
      {"cluster: [\"unix:/a\"]", "redis.cluster: must be host:port each"},
      {"address: \"a:1\", cluster: [\"b:1\"]", "redis.cluster: redis.address is set too"},
      {"address: \"a:1\", sentinels: [\"b:1\"], master_name: m",
       "redis.sentinels: redis.address is set too"},
      {"cluster: [\"a:1\"], sentinels: [\"b:1\"]", "redis.sentinels: redis.cluster is set too"},
      {"sentinels: [\"a:1\"]", "redis.sentinels: needs redis.master_name"},
      {"address: \"a:1\", master_name: m", "redis.master_name: needs redis.sentinels"},
      {"address: \"a:1\", sentinel_password_file: p",
       "redis.sentinel_password_file: needs redis.sentinels"},
      {"replicas: 1", "redis.replicas: the embedded Redis has none"},
      {"replicas: -1", "redis.replicas: -1 is less than 0"},
      {"content: {address: \"a:1\", password_file: p, remove_after: 0s}", ""},
      {"content: {address: \"a:1\", password: p, password_file: p}",
       "redis.content.password_file: redis.content.password is set too"},
      {"content: {assume_durable: true}", "redis.content: needs address"},
      {"content: {cluster: [\"a:1\"]}", "redis.content.cluster"},
  };
  for (const auto& c : kCases) {
    const std::string yaml = "redis: {" + c.keys + "}";
    if (c.expected.empty()) {
      EXPECT_TRUE(Load(yaml).ok()) << yaml;
    } else {
      EXPECT_THAT(Error(yaml), HasSubstr(c.expected)) << yaml;
    }
  }
}

TEST_F(ConfigTest, MissingFile_IsNotFound) {
  const auto config = LoadConfig(directory_ / "none.yaml", {});
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("none.yaml: cannot be read"));
  EXPECT_FALSE(LoadConfig(directory_, {}).ok());
}

TEST_F(ConfigTest, CertificateAndKey_AreSetTogether) {
  EXPECT_THAT(Error("gateway:\n  tls_certificate: a.pem"),
              StartsWith("2: gateway.tls_certificate: needs gateway.tls_key"));
  EXPECT_THAT(Error("gateway:\n  tls_key: a.pem"),
              StartsWith("2: gateway.tls_key: needs gateway.tls_certificate"));
  EXPECT_TRUE(Load("gateway: {tls_key: a.pem, tls_certificate: b.pem}").ok());
  EXPECT_TRUE(Load("gateway: {tls_key: \"\"}").ok());
}

TEST_F(ConfigTest, FirstRetryAfterTheLongest_IsRefused) {
  EXPECT_THAT(Error("delivery:\n  first_retry: 5h"), StartsWith("2: delivery.first_retry: "));
  EXPECT_THAT(Error("delivery:\n  longest_retry: 1s"), StartsWith("2: delivery.longest_retry: "));
}

TEST_F(ConfigTest, GrpcInTheClear_StaysOnThisMachine) {
  for (const char* listen : {"127.0.0.1:0", "[::1]:4410", "localhost:4410", "unix:/run/s.sock"}) {
    EXPECT_TRUE(LoadConfig("", {{"grpc.listen", listen}}).ok()) << listen;
  }
  for (const char* listen : {"0.0.0.0:4410", "[::]:4410", "10.0.0.1:4410", "relay:4410"}) {
    EXPECT_THAT(SetError("grpc.listen", listen),
                ::testing::AllOf(StartsWith("--set grpc.listen: "), HasSubstr("in clear"),
                                 HasSubstr("grpc.allow_cleartext: true")));
    EXPECT_TRUE(LoadConfig("", {{"grpc.listen", listen}, {"grpc.allow_cleartext", "true"}}).ok());
  }
}

TEST_F(ConfigTest, RelativePaths_StartAtTheFile) {
  const auto config = Load("redis: {password_file: keys/redis}\ngrpc: {key_file: /etc/key}",
                           {{"gateway.tls_key", "k.pem"}, {"gateway.tls_certificate", "/c.pem"}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->redis().password_file(), directory_ / "keys/redis");
  EXPECT_EQ(config->grpc().key_file(), "/etc/key");
  EXPECT_EQ(config->gateway().tls_key(), std::filesystem::current_path() / "k.pem");
}

TEST_F(ConfigTest, Overrides_WinOverTheFileAndEarlierOnes) {
  const auto config = Load("gateway: {ports: 25, max_errors: 5}\ndelivery: {allow_networks: [::1]}",
                           {{"gateway.ports", "26"},
                            {"gateway.ports", "2525"},
                            {"redis.password", "a: [b"},
                            {"redis", "{command_timeout: 1s}"},
                            {"delivery.allow_networks", "[127.0.0.1]"},
                            {"delivery.routes", "[{domain: \"*\", to: \"127.0.0.1:25\"}]"}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->gateway().ports(), "2525");
  EXPECT_EQ(config->gateway().max_errors(), 5);
  EXPECT_EQ(config->redis().password(), "a: [b");
  EXPECT_EQ(config->redis().command_timeout(), "1s");
  EXPECT_THAT(config->delivery().allow_networks(), ::testing::ElementsAre("127.0.0.1"));
  ASSERT_EQ(config->delivery().routes_size(), 1);
  EXPECT_EQ(config->delivery().routes(0).to(), "127.0.0.1:25");
}

// SPEC O1
TEST_F(ConfigTest, OverrideErrors_NameTheKey) {
  const struct {
    const char* key;
    const char* value;
    const char* expected;
  } kCases[] = {
      {"gateway.port", "25", "--set gateway.port: unknown key; did you mean ports?"},
      {"nothing.port", "25", "--set nothing: unknown key; known are hostname, threads, redis"},
      {"", "25", "--set unknown key; known are"},
      {"gateway.ports", "x", "--set gateway.ports: \"x\" is not a port"},
      {"gateway.ports.first", "1", "--set gateway.ports: is a value"},
      {"gateway", "25", "--set gateway: must be a section"},
      {"delivery.routes.0.to", "a:1", "--set delivery.routes: is a list"},
      {"delivery.routes", "[{", "--set delivery.routes: "},
      {"delivery.routes", "[{domian: a}]", "--set delivery.routes[0].domian: unknown key"},
      {"threads", "", "--set threads: \"\" is not a whole number"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(SetError(c.key, c.value), StartsWith(c.expected));
  }
}

TEST_F(ConfigTest, Secrets_AreInNoErrorAndNoOutput) {
  EXPECT_THAT(Error("redis:\n  password: [hunter2]"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(Error("redis:\n  password: {hunter2: 1}"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(SetError("redis", "{password: hunter2, x: 1}"), Not(HasSubstr("hunter2")));
  const auto config = Load("redis: {password: hunter2}");
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(EffectiveYaml(*config), Not(HasSubstr("hunter2")));
  EXPECT_THAT(EffectiveYaml(*config), HasSubstr("password: \"[set]\""));
  EXPECT_THAT(EffectiveYaml(*LoadConfig("", {})), HasSubstr("password: \"\""));
}

TEST_F(ConfigTest, EffectiveYaml_HasEveryKeyAndLoadsAgain) {
  const auto config = Load(R"(
hostname: "true"
redis: {password_file: p}
gateway: {ports: "25"}
policy: {verification_label: "a: \"b\" # ü"}
delivery:
  routes: [{domain: "*", to: "127.0.0.1:25"}]
  allow_networks: ["::1", 10.0.0.0/8]
)");
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string yaml = EffectiveYaml(*config);
  EXPECT_THAT(yaml, HasSubstr("max_received: 50"));
  EXPECT_THAT(yaml, HasSubstr("level: info"));
  EXPECT_THAT(yaml, HasSubstr("servers: []"));
  const auto again = Load(yaml);
  ASSERT_TRUE(again.ok()) << again.status() << "\n" << yaml;
  EXPECT_EQ(EffectiveYaml(*again), yaml);
  EXPECT_EQ(again->policy().verification_label(), "a: \"b\" # ü");
  EXPECT_EQ(again->hostname(), "true");
  EXPECT_EQ(again->redis().password_file(), directory_ / "p");
}

TEST_F(ConfigTest, EffectiveYaml_OfDefaultsLoadsAgain) {
  const std::string yaml = EffectiveYaml(*LoadConfig("", {}));
  const auto again = Load(yaml);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(EffectiveYaml(*again), yaml);
}

// SPEC S1 S2 S7
TEST_F(ConfigTest, ListenersAndCertificates_AreCheckedAsAWhole) {
  const std::vector<std::pair<std::string, std::string>> kTable = {
      {"gateway: {listeners: [{tls: none}]}", "1: gateway.listeners[0]: needs ports"},
      {"gateway: {listeners: [{ports: 25, tls: maybe}]}",
       "1: gateway.listeners[0].tls: \"maybe\" is none of none, optional, required, implicit"},
      {"gateway:\n  listeners:\n  - {ports: 25-30}\n  - {ports: \"26\"}",
       "4: gateway.listeners[1]: gateway.listeners[0] has port 26 too"},
      {"gateway: {listeners: [{ports: 25, proxy: true}]}",
       "1: gateway.listeners[0]: expects PROXY headers, but gateway.proxy_networks names nobody"},
      {"gateway: {certificates: [{certificate: a.pem}]}",
       "1: gateway.certificates[0]: needs the key of its certificate"},
      {"gateway: {certificates: [{key: a.pem}]}",
       "1: gateway.certificates[0]: needs a certificate"},
      {"gateway: {xclient_networks: [example.com]}", "1: gateway.xclient_networks[0]: "},
  };
  for (const auto& [yaml, error] : kTable) EXPECT_THAT(Error(yaml), StartsWith(error)) << yaml;
  EXPECT_TRUE(Load("gateway:\n  proxy_networks: [10.0.0.0/8]\n  listeners:\n"
                   "  - {ports: \"25\", proxy: true}\n  - {ports: \"0\"}\n  - {ports: \"0\"}\n")
                  .ok());
}

// SPEC S3
TEST_F(ConfigTest, OauthIssuers_AreCheckedAsAWhole) {
  const std::vector<std::pair<std::string, std::string>> kTable = {
      {"auth: {oauth_issuers: [{audience: r, key_file: k}]}",
       "1: auth.oauth_issuers[0]: needs issuer"},
      {"auth: {oauth_issuers: [{issuer: i, key_file: k}]}",
       "1: auth.oauth_issuers[0]: needs audience"},
      {"auth: {oauth_issuers: [{issuer: i, audience: r}]}",
       "1: auth.oauth_issuers[0]: needs key_file"},
      {"auth:\n  oauth_issuers:\n  - {issuer: i, audience: r, key_file: k}\n"
       "  - {issuer: i, audience: s, key_file: k}",
       "4: auth.oauth_issuers[1]: the issuer i stands there already"},
      {"auth: {free_failures: 0}", "1: auth.free_failures: 0 is less than 1"},
      {"auth: {forget_failure: 0s}", "1: auth.forget_failure: must be longer than 0"},
  };
  for (const auto& [yaml, error] : kTable) EXPECT_THAT(Error(yaml), StartsWith(error)) << yaml;
  const auto config = Load("auth: {oauth_issuers: [{issuer: i, audience: r, key_file: k}]}");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->auth().oauth_issuers(0).user_claim(), "sub");
  EXPECT_EQ(config->auth().oauth_issuers(0).key_file(), directory_ / "k");
  EXPECT_TRUE(Load("auth: {longest_delay: 0s}").ok());
}

}  // namespace
}  // namespace staffetta
