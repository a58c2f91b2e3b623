#include "common/net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/ip/udp.hpp>
#include <functional>
#include <string>

#include "common/base/await.h"
#include "common/net/dns_records.h"
#include "common/net/test_dns.h"

namespace staffetta::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Long(size_t labels) {
  std::string name;
  for (size_t i = 0; i < labels; ++i) name += std::string(63, 'a') + ".";
  return name;
}

constexpr char kZone[] =
    "example.test. MX 20 Second.Example.TEST.\n"
    "example.test. MX 10 first.example.test.\n"
    "example.test. MX 300 third.example.test.\n"
    "example.test. TXT \"v=spf1 \" \"-all\"\n"
    "example.test. TXT \"other\"\n"
    "null.test. MX 0 .\n"
    "odd.test. MX 10 a\\.b.test.\n"
    "first.example.test. A 192.0.2.1\n"
    "first.example.test. A 192.0.2.2\n"
    "both.test. A 192.0.2.3\n"
    "both.test. AAAA 2001:db8::3\n"
    "six.test. AAAA 2001:db8::6\n"
    "alias.test. CNAME example.test.\n"
    "chain.test. CNAME alias.test.\n"
    "dangling.test. CNAME nowhere.test.\n"
    "localhost. A 192.0.2.9\n";

class ResolverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { dns_ = TestDns::Start(kZone).release(); }
  static void TearDownTestSuite() { delete std::exchange(dns_, nullptr); }

  ResolverTest() { resolver_ = *NewResolver(io_.get_executor(), dns_->options()); }

  std::vector<std::string> Mx(const std::string& name) {
    const auto found = Await(io_, resolver_->Mx(name));
    if (!found.ok()) return {found.status().ToString()};
    std::vector<std::string> lines;
    for (const MxRecord& mx : *found) {
      lines.push_back(std::to_string(mx.preference) + " " + mx.host);
    }
    return lines;
  }
  std::vector<std::string> Addresses(const std::string& name) {
    const auto found = Await(io_, resolver_->Addresses(name));
    if (!found.ok()) return {found.status().ToString()};
    std::vector<std::string> lines;
    for (const auto& address : *found) lines.push_back(address.to_string());
    return lines;
  }
  std::vector<std::string> Txt(const std::string& name) {
    const auto found = Await(io_, resolver_->Txt(name));
    return found.ok() ? *found : std::vector<std::string>{found.status().ToString()};
  }

  static inline TestDns* dns_ = nullptr;
  asio::io_context io_{1};
  std::unique_ptr<Resolver> resolver_;
};

// SPEC D1
TEST_F(ResolverTest, MxRecordsComeByPreferenceInLowerCase) {
  const auto expected =
      ElementsAre("10 first.example.test", "20 second.example.test", "300 third.example.test");
  EXPECT_THAT(Mx("example.test"), expected);
  EXPECT_THAT(Mx("Example.TEST."), expected);
}

TEST_F(ResolverTest, NullMxHasAnEmptyHost) { EXPECT_THAT(Mx("null.test"), ElementsAre("0 ")); }

TEST_F(ResolverTest, AliasesAreFollowed) {
  EXPECT_THAT(Mx("chain.test"), ElementsAre("10 first.example.test", "20 second.example.test",
                                            "300 third.example.test"));
  EXPECT_THAT(Mx("dangling.test"), IsEmpty());
}

TEST_F(ResolverTest, NoSuchRecordAndNoSuchNameAreEmptyAnswers) {
  EXPECT_THAT(Mx("both.test"), IsEmpty());
  EXPECT_THAT(Mx("missing.test"), IsEmpty());
  EXPECT_THAT(Addresses("missing.test"), IsEmpty());
  EXPECT_THAT(Txt("missing.test"), IsEmpty());
}

TEST_F(ResolverTest, AddressesComeWithIpv6First) {
  EXPECT_THAT(Addresses("both.test"), ElementsAre("2001:db8::3", "192.0.2.3"));
  EXPECT_THAT(Addresses("six.test"), ElementsAre("2001:db8::6"));
  EXPECT_THAT(Addresses("first.example.test"),
              testing::UnorderedElementsAre("192.0.2.1", "192.0.2.2"));
}

TEST_F(ResolverTest, LocalhostIsANameLikeAnyOther) {
  EXPECT_THAT(Addresses("localhost"), ElementsAre("192.0.2.9"));
}

TEST_F(ResolverTest, TheStringsOfATxtRecordAreJoined) {
  EXPECT_THAT(Txt("example.test"), testing::UnorderedElementsAre("v=spf1 -all", "other"));
}

TEST_F(ResolverTest, AHostWithADotInItsLabelIsNoHost) {
  EXPECT_EQ(Await(io_, resolver_->Mx("odd.test")).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ResolverTest, NamesThatDnsCannotKnowAreNotAsked) {
  for (const std::string& name :
       {std::string(""), std::string("."), std::string("a..b"), std::string("a b"),
        std::string("a\\.b"), std::string("example.test\0.x", 15), std::string(64, 'a'), Long(4)}) {
    EXPECT_THAT(Mx(name), IsEmpty()) << name;
  }
}

TEST_F(ResolverTest, ManyLookUpsRunAtOnce) {
  int left = 200;
  for (int i = 0; i < 200; ++i) {
    asio::co_spawn(io_, resolver_->Mx("n" + std::to_string(i) + ".test"),
                   [&](std::exception_ptr, absl::StatusOr<std::vector<MxRecord>> found) {
                     EXPECT_TRUE(found.ok()) << found.status();
                     --left;
                   });
  }
  io_.restart();
  while (left > 0 && io_.run_one() > 0) {
  }
  EXPECT_EQ(left, 0);
}

TEST_F(ResolverTest, ALookUpThatIsCancelledEndsAtOnce) {
  asio::io_context io{1};
  asio::ip::udp::socket silent(io, {asio::ip::address_v4::loopback(), 0});
  ResolverOptions options;
  options.servers = {"127.0.0.1@" + std::to_string(silent.local_endpoint().port())};
  const auto resolver = *NewResolver(io.get_executor(), options);
  asio::cancellation_signal signal;
  std::optional<absl::StatusCode> code;
  asio::co_spawn(
      io, resolver->Mx("example.test"),
      asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr, absl::StatusOr<std::vector<MxRecord>> found) {
            code = found.status().code();
          }));
  char question[512];
  silent.async_receive(asio::buffer(question), [&](boost::system::error_code, size_t) {
    signal.emit(asio::cancellation_type::terminal);
  });
  const auto start = absl::Now();
  while (!code.has_value() && io.run_one() > 0) {
  }
  EXPECT_EQ(code, absl::StatusCode::kCancelled);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(ResolverFailureTest, ASilentServerIsDeadlineExceededWithinTheTimeout) {
  asio::io_context io{1};
  asio::ip::udp::socket silent(io, {asio::ip::address_v4::loopback(), 0});
  ResolverOptions options;
  options.servers = {"127.0.0.1@" + std::to_string(silent.local_endpoint().port())};
  options.timeout = absl::Milliseconds(300);
  const auto resolver = *NewResolver(io.get_executor(), options);
  const auto start = absl::Now();
  EXPECT_EQ(Await(io, resolver->Mx("example.test")).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(290));
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
}

TEST(ResolverFailureTest, AServerThatFailsIsUnavailable) {
  asio::io_context io{1};
  asio::ip::udp::socket failing(io, {asio::ip::address_v4::loopback(), 0});
  ResolverOptions options;
  options.servers = {"127.0.0.1@" + std::to_string(failing.local_endpoint().port())};
  const auto resolver = *NewResolver(io.get_executor(), options);
  char packet[512];
  asio::ip::udp::endpoint from;
  std::function<void()> serve = [&] {
    failing.async_receive_from(asio::buffer(packet), from,
                               [&](boost::system::error_code error, size_t size) {
                                 if (error || size < 12) return;
                                 packet[2] |= '\x80';  // a response
                                 packet[3] = 2;        // SERVFAIL
                                 failing.send_to(asio::buffer(packet, size), from);
                                 serve();
                               });
  };
  serve();
  const absl::Status status = Await(io, resolver->Txt("example.test")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(status.message()), "DNS: example.test: server failure (SERVFAIL)");
}

TEST(ResolverFailureTest, ADeadServerIsAnErrorAndItsReturnIsNoticed) {
  const auto dns = TestDns::Start("example.test. TXT \"here\"");
  dns->Stop();
  asio::io_context io{1};
  ResolverOptions options = dns->options();
  options.timeout = absl::Seconds(3);
  const auto resolver = *NewResolver(io.get_executor(), options);
  const absl::Status status = Await(io, resolver->Txt("gone.test")).status();
  EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) << status;
  dns->Restart("example.test. TXT \"back\"");
  absl::StatusOr<std::vector<std::string>> found;
  for (int attempt = 0; attempt < 10 && !found.ok(); ++attempt) {
    found = Await(io, resolver->Txt("example.test"));
  }
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, ElementsAre("back"));
}

TEST(ResolverFailureTest, AServerThatIsNoAddressIsNamed) {
  asio::io_context io{1};
  ResolverOptions options;
  options.servers = {"not-an-address"};
  const absl::Status status = NewResolver(io.get_executor(), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("not-an-address"));
}

TEST(DnsRecordsTest, MalformedDataIsRefused) {
  using namespace std::string_literals;
  EXPECT_EQ(ParseMx("\0\x0a\1a\4test\0"s)->host, "a.test");
  EXPECT_EQ(ParseMx("\1\2\0"s)->preference, 258);
  for (const std::string& data :
       {""s, "\0"s, "\0\x0a"s, "\0\x0a\1a"s, "\0\x0a\5a\0"s, "\0\x0a\xc0\x0c"s, "\0\x0a\1a\0x"s,
        "\0\x0a\1 \0"s, "\0\x0a\x40"s + std::string(64, 'a') + "\0"s}) {
    EXPECT_FALSE(ParseMx(data).has_value()) << testing::PrintToString(data);
  }
  EXPECT_EQ(ParseTxt("\2ab\0\1c"s), "abc");
  EXPECT_EQ(ParseTxt(""), "");
  EXPECT_FALSE(ParseTxt("\3ab"s).has_value());
  EXPECT_FALSE(ParseA("abc").has_value());
  EXPECT_FALSE(ParseA("abcde").has_value());
  EXPECT_FALSE(ParseAaaa("abcd").has_value());
}

}  // namespace
}  // namespace staffetta::net
