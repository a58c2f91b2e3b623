#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "common/metrics/endpoint.h"
#include "common/metrics/figures.h"

namespace staffetta::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

// The whole answer to one request.
std::string Get(const std::string& address, const std::string& path) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::socket socket(context);
  const size_t colon = address.rfind(':');
  socket.connect({boost::asio::ip::make_address(address.substr(0, colon)),
                  static_cast<uint16_t>(std::stoi(address.substr(colon + 1)))});
  boost::asio::write(socket, boost::asio::buffer("GET " + path + " HTTP/1.0\r\n\r\n"));
  std::string answer;
  boost::system::error_code end;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), end);
  return answer;
}

// SPEC O5: what was counted is told in Prometheus's format, and nothing else is served.
TEST(Endpoint, TellsWhatWasCounted) {
  const ByClass<Counter> counted(NewCounter, "test_counted_total", "Counted.");
  counted[1].Increment();
  counted[5].Increment(2);
  counted[9].Increment();
  NewSeconds("test_seconds", "Seconds.").Observe(0.002);
  const auto endpoint = Endpoint::Start("127.0.0.1:0");
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  const std::string told = Get((*endpoint)->address(), "/metrics");
  EXPECT_THAT(told, HasSubstr("200 OK"));
  EXPECT_THAT(told, HasSubstr("test_counted_total{class=\"1\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("test_counted_total{class=\"5\"} 3\n"));
  EXPECT_THAT(told, HasSubstr("test_seconds_bucket{le=\"0.003\"} 1\n"));
  EXPECT_THAT(Get((*endpoint)->address(), "/"), Not(HasSubstr("200 OK")));
}

TEST(Endpoint, ClosesAtOnce) {
  for (const char* listen : {"127.0.0.1:0", "[::1]:0", "0.0.0.0:0"}) {
    auto endpoint = Endpoint::Start(listen);
    if (!endpoint.ok()) continue;  // a host without IPv6
    const absl::Time begin = absl::Now();
    endpoint->reset();
    EXPECT_LT(absl::Now() - begin, absl::Seconds(1)) << listen;
  }
}

TEST(Endpoint, SaysWhereItCannotListen) {
  const auto first = Endpoint::Start("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Endpoint::Start((*first)->address()).status().code(), absl::StatusCode::kUnavailable);
  for (const char* bad : {"", "9090", "unix:/tmp/metrics", "127.0.0.1:9090,8080", "localhost:1"}) {
    EXPECT_EQ(Endpoint::Start(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace staffetta::metrics
