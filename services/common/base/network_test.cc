#include "common/base/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace staffetta {
namespace {

using ::testing::HasSubstr;

asio::ip::address Address(const char* text) { return asio::ip::make_address(text); }

TEST(ParseNetwork, PrintsWhatItRead) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.7", "192.0.2.6/31", "::1", "::/0",
                           "2001:db8::/32", "fe80::/10"}) {
    const auto network = ParseNetwork(text);
    ASSERT_TRUE(network.ok()) << network.status();
    EXPECT_EQ(network->ToString(), text);
    EXPECT_EQ(*ParseNetwork(network->ToString()), *network);
  }
}

TEST(ParseNetwork, OneAddressHasTheLongestPrefix) {
  EXPECT_EQ(*ParseNetwork("192.0.2.7/32"), *ParseNetwork("192.0.2.7"));
  EXPECT_EQ(*ParseNetwork("::1/128"), *ParseNetwork("::1"));
}

TEST(ParseNetwork, BitsBeyondThePrefixNameTheNetworkThatWasMeant) {
  const struct {
    const char* text;
    const char* meant;
  } kCases[] = {
      {"10.1.2.3/8", "10.0.0.0/8"},
      {"192.0.2.129/25", "192.0.2.128/25"},
      {"192.0.2.7/0", "0.0.0.0/0"},
      {"2001:db8::1/33", "2001:db8::/33"},
  };
  for (const auto& c : kCases) {
    const auto network = ParseNetwork(c.text);
    ASSERT_FALSE(network.ok()) << c.text;
    EXPECT_THAT(std::string(network.status().message()),
                HasSubstr(std::string("the network is ") + c.meant));
  }
}

TEST(ParseNetwork, RefusesWhatIsNoNetwork) {
  for (const char* text : {"", "/8", "10/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                           "10.0.0.0/8/8", "::/129", "10.0.0.0/+8", "localhost", "fe80::1%lo",
                           "010.0.0.0.0/8", "10.0.0.0/0008", " 10.0.0.0/8"}) {
    const auto network = ParseNetwork(text);
    ASSERT_FALSE(network.ok()) << text;
    EXPECT_EQ(network.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Network, ContainsExactlyItsAddresses) {
  const struct {
    const char* network;
    const char* address;
    bool expected;
  } kCases[] = {
      {"10.0.0.0/8", "10.0.0.0", true},
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "9.255.255.255", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.0.0.0/8", "::10.1.2.3", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "203.0.113.9", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ParseNetwork(c.network)->Contains(Address(c.address)), c.expected)
        << c.network << " " << c.address;
  }
}

// SPEC D1
TEST(IsInAny, WhatIsNoAddressIsInNone) {
  const std::vector<Network> networks = {*ParseNetwork("10.0.0.0/8"), *ParseNetwork("::/0")};
  EXPECT_TRUE(IsInAny(networks, Address("10.1.2.3")));
  EXPECT_TRUE(IsInAny(networks, "2001:db8::1"));
  EXPECT_FALSE(IsInAny(networks, "192.0.2.1"));
  EXPECT_FALSE(IsInAny({}, "10.1.2.3"));
  for (const char* bad : {"", "10.1.2", "localhost"}) EXPECT_FALSE(IsInAny(networks, bad)) << bad;
}

TEST(IsPublic, OnlyAddressesThatTheInternetReaches) {
  const struct {
    const char* address;
    bool expected;
  } kCases[] = {
      {"8.8.8.8", true},
      {"1.1.1.1", true},
      {"0.0.0.0", false},
      {"0.1.2.3", false},
      {"9.255.255.255", true},
      {"10.0.0.0", false},
      {"10.255.255.255", false},
      {"11.0.0.0", true},
      {"100.63.255.255", true},
      {"100.64.0.0", false},
      {"100.127.255.255", false},
      {"100.128.0.0", true},
      {"126.255.255.255", true},
      {"127.0.0.1", false},
      {"127.255.255.255", false},
      {"128.0.0.0", true},
      {"169.254.169.254", false},
      {"169.253.255.255", true},
      {"169.255.0.0", true},
      {"172.15.255.255", true},
      {"172.16.0.0", false},
      {"172.31.255.255", false},
      {"172.32.0.0", true},
      {"192.0.0.8", false},
      {"192.0.1.1", true},
      {"192.0.2.1", false},
      {"192.88.99.1", false},
      {"192.167.255.255", true},
      {"192.168.1.1", false},
      {"192.169.0.0", true},
      {"198.17.255.255", true},
      {"198.18.0.1", false},
      {"198.19.255.255", false},
      {"198.20.0.0", true},
      {"198.51.100.1", false},
      {"203.0.113.1", false},
      {"223.255.255.255", true},
      {"224.0.0.1", false},
      {"239.255.255.255", false},
      {"240.0.0.1", false},
      {"255.255.255.255", false},
      {"::", false},
      {"::1", false},
      {"::127.0.0.1", false},
      {"::8.8.8.8", false},
      {"::ffff:127.0.0.1", false},
      {"::ffff:169.254.169.254", false},
      {"::ffff:10.0.0.1", false},
      {"::ffff:8.8.8.8", true},
      {"64:ff9b::10.0.0.1", false},
      {"64:ff9b::8.8.8.8", true},
      {"64:ff9b:1::8.8.8.8", false},
      {"100::1", false},
      {"2000::1", true},
      {"2001::1", false},
      {"2001:2::1", false},
      {"2001:1ff:ffff::1", false},
      {"2001:200::1", true},
      {"2001:4860:4860::8888", true},
      {"2001:db7::1", true},
      {"2001:db8::1", false},
      {"2001:db9::1", true},
      {"2002:0a00:0001::1", false},
      {"2002:7f00:0001::1", false},
      {"2002:0808:0808::1", true},
      {"2a00:1450::1", true},
      {"3fff::1", false},
      {"3fff:1000::1", true},
      {"4000::1", false},
      {"fc00::1", false},
      {"fd12::1", false},
      {"fe80::1", false},
      {"fec0::1", false},
      {"ff02::1", false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(IsPublic(Address(c.address)), c.expected) << c.address;
  }
}

}  // namespace
}  // namespace staffetta
