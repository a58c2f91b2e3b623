#include "common/metrics/endpoint.h"

#include <absl/strings/str_cat.h>
#include <prometheus/exposer.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <utility>
#include <vector>

#include "common/base/endpoint.h"
#include "common/metrics/figures.h"

namespace staffetta::metrics {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kBetweenKnocks(10);

// Connects, and leaves.
void Knock(const std::string& address) {
  const auto endpoint = ParseEndpoint(address);
  if (!endpoint.ok()) return;
  boost::system::error_code gone;
  const auto host = asio::ip::make_address(endpoint->host, gone);
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  if (!gone) socket.connect({host, endpoint->port}, gone);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Endpoint>> Endpoint::Start(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  // The library takes a list with options behind the ports; an endpoint is one address.
  if (colon == std::string::npos || colon == 0 ||
      listen.find_first_not_of("0123456789abcdefABCDEF.:[]") != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metrics.listen: \"", listen, "\" is no address and port, like 127.0.0.1:9090"));
  }
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", listen, "num_threads", "2", "request_timeout_ms", "5000"});
    exposer->RegisterCollectable(Registry());
    std::string address =
        absl::StrCat(listen.substr(0, colon), ":", exposer->GetListeningPorts().at(0));
    return std::unique_ptr<Endpoint>(new Endpoint(std::move(exposer), std::move(address)));
  } catch (const std::exception&) {
    return absl::UnavailableError(absl::StrCat("metrics.listen: cannot listen on ", listen));
  }
}

Endpoint::Endpoint(std::unique_ptr<prometheus::Exposer> exposer, std::string address)
    : exposer_(std::move(exposer)), address_(std::move(address)) {}

// The library's listener looks only every two seconds whether it is to end, or when somebody comes.
Endpoint::~Endpoint() {
  const std::future<void> closed = std::async(
      std::launch::async, [exposer = std::move(exposer_)]() mutable { exposer.reset(); });
  do {
    Knock(address_);
  } while (closed.wait_for(kBetweenKnocks) != std::future_status::ready);
}

}  // namespace staffetta::metrics
