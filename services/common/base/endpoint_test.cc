#include "common/base/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace staffetta {
namespace {

TEST(ParseEndpoint, ReadsHostsAddressesAndSockets) {
  const struct {
    const char* text;
    const char* host;
    int port;
    const char* path;
    bool local;
  } kCases[] = {
      {"127.0.0.1:4410", "127.0.0.1", 4410, "", true},
      {"127.9.9.9:0", "127.9.9.9", 0, "", true},
      {"[::1]:25", "::1", 25, "", true},
      {"LocalHost:25", "LocalHost", 25, "", true},
      {"[::]:25", "::", 25, "", false},
      {"0.0.0.0:65535", "0.0.0.0", 65535, "", false},
      {"mx_1.example.com:25", "mx_1.example.com", 25, "", false},
      {"unix:/run/a b.sock", "", 0, "/run/a b.sock", true},
      {"unix:relative.sock", "", 0, "relative.sock", true},
  };
  for (const auto& c : kCases) {
    const auto endpoint = ParseEndpoint(c.text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->host, c.host) << c.text;
    EXPECT_EQ(endpoint->port, c.port) << c.text;
    EXPECT_EQ(endpoint->path, c.path) << c.text;
    EXPECT_EQ(IsLocal(*endpoint), c.local) << c.text;
  }
}

TEST(ParseEndpoint, RefusesWhatNamesNoPlace) {
  for (const char* text :
       {"", "host", ":25", "host:", "host:65536", "host:-1", "host:+1", "host:x", "::1:25", "[::1]",
        "[::1]25", "[127.0.0.1]:25", "[]:25", "ho st:25", "unix:", "http://host:25", "host:25/"}) {
    EXPECT_FALSE(ParseEndpoint(text).ok()) << text;
  }
}

TEST(ParseEndpoint, SocketPathFitsTheAddressStructure) {
  EXPECT_TRUE(ParseEndpoint("unix:/" + std::string(106, 'x')).ok());
  EXPECT_FALSE(ParseEndpoint("unix:/" + std::string(107, 'x')).ok());
}

}  // namespace
}  // namespace staffetta
