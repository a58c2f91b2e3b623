#include "gateway/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/config.h"

namespace staffetta::gateway {
namespace {

using testing::ElementsAre;

Options With(const std::vector<Override>& overrides) {
  const auto config = LoadConfig("", overrides);
  EXPECT_TRUE(config.ok()) << config.status();
  return OptionsFrom(*config, "relay.example", {"/own.crt", "/own.key"});
}

// SPEC S1
TEST(Settings, AllPortsOfTheRelay_AreThose) {
  const Options options = With({{"gateway.ports", "23,25,26,80,587,1025-5000"}});
  ASSERT_EQ(options.listeners.size(), 5U + 3976U);
  EXPECT_EQ(options.listeners.front(), (Listening{23, TlsPolicy::kOptional, false}));
  EXPECT_EQ(options.listeners.back(), (Listening{5000, TlsPolicy::kOptional, false}));
}

// SPEC S2
TEST(Settings, EntryForAPort_CountsMoreThanTheGeneralKeys) {
  const Options options =
      With({{"gateway.ports", "25-28"},
            {"gateway.require_tls", "true"},
            {"gateway.tls_ports", "26,465"},
            {"gateway.proxy_networks", "[10.0.0.0/8]"},
            {"gateway.listeners", "[{ports: \"27\", tls: none}, {ports: \"465\", proxy: true}]"}});
  EXPECT_THAT(options.listeners, ElementsAre(Listening{25, TlsPolicy::kRequired, false},
                                             Listening{26, TlsPolicy::kImplicit, false},
                                             Listening{27, TlsPolicy::kNone, false},
                                             Listening{28, TlsPolicy::kRequired, false},
                                             Listening{465, TlsPolicy::kOptional, true}));
}

TEST(Settings, AnyFreePort_MayBeAskedForSeveralTimes) {
  const Options options = With({{"gateway.ports", "0"}, {"gateway.tls_ports", "0"}});
  EXPECT_THAT(options.listeners, ElementsAre(Listening{0, TlsPolicy::kOptional, false},
                                             Listening{0, TlsPolicy::kImplicit, false}));
}

// SPEC S2
TEST(Settings, OwnCertificate_IsForThoseWhoNameNone) {
  EXPECT_THAT(With({}).certificates, ElementsAre(net::CertificateFiles{"/own.crt", "/own.key"}));
  EXPECT_THAT(With({{"gateway.tls_certificate", "/a.crt"},
                    {"gateway.tls_key", "/a.key"},
                    {"gateway.certificates", "[{certificate: /b.crt, key: /b.key}]"}})
                  .certificates,
              ElementsAre(net::CertificateFiles{"/a.crt", "/a.key"},
                          net::CertificateFiles{"/b.crt", "/b.key"}));
}

}  // namespace
}  // namespace staffetta::gateway
