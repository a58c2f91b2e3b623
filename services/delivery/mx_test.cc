#include "delivery/mx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "common/net/test_dns.h"
#include "delivery/test_support.h"

namespace staffetta::delivery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class MxTest : public testing::Test {
 protected:
  Targets Find(Route route) {
    return staffetta::Await(context_, FindTargets(std::move(route), &dns_, &search_, &random_));
  }
  static std::vector<std::string> Labels(const Targets& targets) {
    std::vector<std::string> labels;
    for (const Target& target : targets.list) labels.push_back(target.Label());
    return labels;
  }

  asio::io_context context_;
  FakeResolver dns_;
  TargetSearch search_;
  std::mt19937 random_{1};
};

// SPEC D1
TEST_F(MxTest, HostsComeByPreference_IPv6AndIPv4) {
  dns_.mx["example.net"] = {{20, "b.example.net"}, {10, "a.example.net"}};
  dns_.SetAddresses("a.example.net", {"2a00:1450::1", "8.8.8.1"});
  dns_.SetAddresses("b.example.net", {"8.8.8.2"});
  const Targets targets = Find(MxRoute{"example.net"});
  EXPECT_THAT(Labels(targets), ElementsAre("a.example.net [2a00:1450::1]",
                                           "a.example.net [8.8.8.1]", "b.example.net [8.8.8.2]"));
  EXPECT_EQ(targets.list[0].port, 25);
}

TEST_F(MxTest, EqualPreferences_AreShuffled) {
  const std::vector<net::MxRecord> records = {{10, "a"}, {10, "b"}, {5, "first"}};
  int a_before_b = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto hosts = OrderHosts(records, &random_);
    ASSERT_EQ(hosts[0], "first");
    if (hosts[1] == "a") ++a_before_b;
  }
  EXPECT_GT(a_before_b, 400);
  EXPECT_LT(a_before_b, 600);
}

TEST_F(MxTest, NoMx_MeansTheDomainItself) {
  dns_.SetAddresses("example.net", {"8.8.8.8"});
  EXPECT_THAT(Labels(Find(MxRoute{"example.net"})), ElementsAre("example.net [8.8.8.8]"));
}

TEST_F(MxTest, NullMx_TakesNoMail_EvenWithAnAddress) {
  dns_.mx["example.net"] = {{0, ""}};
  dns_.SetAddresses("example.net", {"8.8.8.8"});
  EXPECT_EQ(Find(MxRoute{"example.net"}).trouble.fault, Fault::kNullMx);
}

TEST_F(MxTest, NothingFound_IsNoHost) {
  EXPECT_EQ(Find(MxRoute{"example.net"}).trouble.fault, Fault::kNoHost);
}

TEST_F(MxTest, MxWithoutAddress_IsNoAddress) {
  dns_.mx["example.net"] = {{10, "a.example.net"}};
  dns_.SetAddresses("example.net", {"8.8.8.8"});
  EXPECT_EQ(Find(MxRoute{"example.net"}).trouble.fault, Fault::kNoAddress);
}

TEST_F(MxTest, ServersThatDoNotAnswer_AreNoReasonToFail) {
  dns_.broken.insert("example.net");
  EXPECT_EQ(Find(MxRoute{"example.net"}).trouble.fault, Fault::kDnsFailure);
  dns_.mx["example.org"] = {{10, "a.example.org"}};
  dns_.broken.insert("a.example.org");
  EXPECT_EQ(Find(MxRoute{"example.org"}).trouble.fault, Fault::kDnsFailure);
}

TEST_F(MxTest, OneHostThatDoesNotResolve_LeavesTheOthers) {
  dns_.mx["example.net"] = {{10, "a.example.net"}, {20, "b.example.net"}};
  dns_.broken.insert("a.example.net");
  dns_.SetAddresses("b.example.net", {"8.8.8.8"});
  EXPECT_THAT(Labels(Find(MxRoute{"example.net"})), ElementsAre("b.example.net [8.8.8.8]"));
}

TEST_F(MxTest, CancelledLookUp_IsTheLast) {
  dns_.mx["example.net"] = {{10, "a.example.net"}, {20, "b.example.net"}, {30, "c.example.net"}};
  for (const char* host : {"a.example.net", "c.example.net"}) {
    dns_.SetAddresses(host, {"8.8.8.8"});
  }
  dns_.cancelled.insert("b.example.net");
  const Targets targets = Find(MxRoute{"example.net"});
  EXPECT_EQ(targets.trouble.fault, Fault::kStopped);
  EXPECT_THAT(targets.list, IsEmpty());
  EXPECT_EQ(dns_.lookups, 3);
}

// SPEC D1
TEST_F(MxTest, PrivateAddresses_AreLeftOut) {
  dns_.mx["example.net"] = {{10, "a.example.net"}};
  dns_.SetAddresses("a.example.net", {"127.0.0.1", "10.1.2.3", "::1", "fe80::1", "169.254.169.254",
                                      "::ffff:127.0.0.1", "192.168.0.1"});
  const Targets targets = Find(MxRoute{"example.net"});
  EXPECT_THAT(targets.list, IsEmpty());
  EXPECT_EQ(targets.trouble.fault, Fault::kNoPublicAddress);
}

TEST_F(MxTest, AllowedNetwork_IsAnException) {
  search_.allow_networks.push_back(*ParseNetwork("10.1.0.0/16"));
  dns_.SetAddresses("example.net", {"10.1.2.3", "10.2.0.1"});
  EXPECT_THAT(Labels(Find(MxRoute{"example.net"})), ElementsAre("example.net [10.1.2.3]"));
}

TEST_F(MxTest, FixedRoute_MayBePrivate) {
  EXPECT_THAT(Labels(Find(FixedRoute{"127.0.0.1", 2500})), ElementsAre("127.0.0.1 [127.0.0.1]"));
  dns_.SetAddresses("relay.test", {"10.0.0.1"});
  const Targets targets = Find(FixedRoute{"relay.test", 2500});
  EXPECT_THAT(Labels(targets), ElementsAre("relay.test [10.0.0.1]"));
  EXPECT_EQ(targets.list[0].port, 2500);
}

TEST_F(MxTest, FixedRouteWithoutAddress_DoesNotFailMail) {
  EXPECT_EQ(Find(FixedRoute{"typo.test", 25}).trouble.fault, Fault::kDnsFailure);
}

TEST_F(MxTest, HostsAndAddressesAreBounded_BothFamiliesStay) {
  std::vector<std::string> many;
  for (int i = 1; i < 10; ++i) many.push_back("2a00:1450::" + std::to_string(i));
  for (int i = 1; i < 10; ++i) many.push_back("8.8.8." + std::to_string(i));
  for (uint16_t i = 0; i < 20; ++i) {
    const std::string host = "mx" + std::to_string(i) + ".example.net";
    dns_.mx["example.net"].push_back({i, host});
    dns_.SetAddresses(host, many);
  }
  const Targets targets = Find(MxRoute{"example.net"});
  ASSERT_THAT(targets.list, SizeIs(kMaxHosts * kMaxAddressesPerHost));
  EXPECT_TRUE(targets.list[0].address.is_v6());
  EXPECT_TRUE(targets.list[3].address.is_v4());
}

TEST_F(MxTest, InternationalisedDomain_IsAskedInAscii) {
  dns_.SetAddresses("xn--bcher-kva.example", {"8.8.8.8"});
  EXPECT_THAT(Find(MxRoute{"b\xc3\xbc"
                           "cher.example"})
                  .list,
              SizeIs(1));
}

TEST_F(MxTest, AddressLiteral_IsNoDomain) {
  EXPECT_EQ(Find(MxRoute{"[127.0.0.1]"}).trouble.fault, Fault::kNoHost);
}

// SPEC D1, with a real name server and the real resolver.
TEST(MxRealDnsTest, ZoneLeadsToTheHosts) {
  const auto dns = net::TestDns::Start(
      "example.net. MX 20 backup.example.net.\n"
      "example.net. MX 10 mx.example.net.\n"
      "mx.example.net. A 8.8.8.1\n"
      "mx.example.net. AAAA 2a00:1450::1\n"
      "backup.example.net. A 8.8.8.2\n"
      "implicit.test. A 8.8.8.3\n"
      "null.test. MX 0 .\n"
      "null.test. A 8.8.8.4\n"
      "inside.test. MX 10 inside.test.\n"
      "inside.test. A 192.168.0.1\n");
  asio::io_context context;
  auto resolver = net::NewResolver(context.get_executor(), dns->options());
  ASSERT_TRUE(resolver.ok()) << resolver.status();
  const TargetSearch search;
  std::mt19937 random(1);
  const auto find = [&](const std::string& domain) {
    return staffetta::Await(context,
                            FindTargets(MxRoute{domain}, resolver->get(), &search, &random));
  };
  const Targets found = find("example.net");
  ASSERT_THAT(found.list, SizeIs(3));
  EXPECT_EQ(found.list[0].Label(), "mx.example.net [2a00:1450::1]");
  EXPECT_EQ(found.list[1].Label(), "mx.example.net [8.8.8.1]");
  EXPECT_EQ(found.list[2].Label(), "backup.example.net [8.8.8.2]");
  EXPECT_THAT(find("implicit.test").list, SizeIs(1));
  EXPECT_EQ(find("null.test").trouble.fault, Fault::kNullMx);
  EXPECT_EQ(find("nowhere.test").trouble.fault, Fault::kNoHost);
  EXPECT_EQ(find("inside.test").trouble.fault, Fault::kNoPublicAddress);
}

}  // namespace
}  // namespace staffetta::delivery
