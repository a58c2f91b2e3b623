#include "common/smtp/proxy_header.h"

#include <gtest/gtest.h>

#include <vector>

namespace staffetta::smtp {
namespace {

using Parse = std::variant<ProxyHeader, ProxyNeedsMore, NoProxyHeader>;

// As a reader does: never more at once than surely belongs to the header.
struct Read {
  Parse parse;
  size_t used;
};
Read ReadFrom(std::string_view stream) {
  size_t used = 0;
  for (;;) {
    const Parse parse = ParseProxyHeader(stream.substr(0, used));
    const auto* more = std::get_if<ProxyNeedsMore>(&parse);
    if (more == nullptr || used + more->octets > stream.size()) return {parse, used};
    used += more->octets;
  }
}

void ExpectHeader(const std::string& header, const ProxyHeader& wanted) {
  const Read read = ReadFrom(header + "EHLO behind\r\n");
  EXPECT_EQ(read.parse, Parse(wanted)) << header;
  EXPECT_EQ(read.used, header.size()) << header;
}

// SPEC S7
TEST(ProxyHeader, Version1_NamesTheClient) {
  ExpectHeader("PROXY TCP4 192.0.2.7 198.51.100.25 56324 25\r\n", {"192.0.2.7", 56324});
  ExpectHeader("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
               {"255.255.255.255", 65535});
  ExpectHeader("PROXY TCP4 1.1.1.1 1.1.1.1 0 0\r\n", {"1.1.1.1", 0});
  ExpectHeader("PROXY TCP6 2001:db8::1 2001:db8::2 4711 465\r\n", {"2001:db8::1", 4711});
  ExpectHeader("PROXY TCP6 2001:0DB8:0:0:0:0:0:1 :: 1 2\r\n", {"2001:db8::1", 1});
}

TEST(ProxyHeader, Version1Unknown_IsTheProxyItself) {
  ExpectHeader("PROXY UNKNOWN\r\n", {});
  ExpectHeader("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", {});
}

TEST(ProxyHeader, Version1OfTheGreatestLength_IsTheLastThatIsTaken) {
  const std::string begin = "PROXY UNKNOWN ";
  ExpectHeader(begin + std::string(105 - begin.size(), 'x') + "\r\n", {});
  EXPECT_EQ(ReadFrom(begin + std::string(106 - begin.size(), 'x') + "\r\n").parse,
            Parse(NoProxyHeader()));
}

TEST(ProxyHeader, Version1Malformed_IsNone) {
  for (const char* line :
       {"EHLO client.example\r\n", "GET / HTTP/1.1\r\n\r\n", "proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n",
        "PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n", "PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n",
        "PROXY TCP4 01.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 ::1 ::1 1 1\r\n",
        "PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n",
        "PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY UNKNOWNX\r\n1.1.1.1\r\n"}) {
    EXPECT_EQ(ReadFrom(line).parse, Parse(NoProxyHeader())) << line;
  }
}

std::string Version2(char command, char family, const std::string& behind) {
  return std::string("\r\n\r\n\0\r\nQUIT\n", 12) + command + family +
         static_cast<char>(behind.size() >> 8) + static_cast<char>(behind.size() & 0xff) + behind;
}

const std::string kTcp4("\xc0\x00\x02\x07\xc6\x33\x64\x19\xdc\x04\x00\x19", 12);
const std::string kTcp6(
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x12\x67\x01\xd1",
    36);

// SPEC S7
TEST(ProxyHeader, Version2_NamesTheClient) {
  ExpectHeader(Version2('\x21', '\x11', kTcp4), {"192.0.2.7", 56324});
  ExpectHeader(Version2('\x21', '\x21', kTcp6), {"2001:db8::1", 4711});
}

TEST(ProxyHeader, Version2WithMoreBehind_SkipsIt) {
  ExpectHeader(Version2('\x21', '\x11', kTcp4 + std::string("\x04\x00\x01x", 4)),
               {"192.0.2.7", 56324});
  ExpectHeader(Version2('\x21', '\x11', kTcp4 + std::string(4096 - 12, 'x')), {"192.0.2.7", 56324});
}

TEST(ProxyHeader, Version2LocalOrOfOtherFamilies_IsTheProxyItself) {
  ExpectHeader(Version2('\x20', '\x00', ""), {});
  ExpectHeader(Version2('\x20', '\x11', kTcp4), {});
  ExpectHeader(Version2('\x21', '\x00', "anything"), {});
  ExpectHeader(Version2('\x21', '\x31', std::string(216, 'u')), {});
}

TEST(ProxyHeader, Version2Malformed_IsNone) {
  const std::string good = Version2('\x21', '\x11', kTcp4);
  for (const std::string& bad :
       {Version2('\x11', '\x11', kTcp4), Version2('\x22', '\x11', kTcp4),
        Version2('\x21', '\x12', kTcp4), Version2('\x21', '\x99', kTcp4),
        Version2('\x21', '\x11', kTcp4.substr(0, 11)), Version2('\x21', '\x21', kTcp4),
        Version2('\x21', '\x11', std::string(4097, 'x')), "\r\n\r\nEHLO a\r\nEHLO b\r\n" + good}) {
    EXPECT_EQ(ReadFrom(bad).parse, Parse(NoProxyHeader()));
  }
}

TEST(ProxyHeader, BeginningOfOne_NeedsMore) {
  for (const std::string& whole : {std::string("PROXY TCP4 192.0.2.7 198.51.100.25 56324 25\r\n"),
                                   Version2('\x21', '\x21', kTcp6)}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      const Parse parse = ParseProxyHeader(whole.substr(0, size));
      ASSERT_TRUE(std::holds_alternative<ProxyNeedsMore>(parse)) << size;
      EXPECT_GT(std::get<ProxyNeedsMore>(parse).octets, 0U);
      EXPECT_LE(size + std::get<ProxyNeedsMore>(parse).octets, whole.size());
    }
  }
}

}  // namespace
}  // namespace staffetta::smtp
