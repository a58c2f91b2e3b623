// The PROXY header (versions 1 and 2), read as the gateway does: as many octets as are asked for,
// and no more. What is told is an address. SPEC S7

#include <boost/asio/ip/address.hpp>

#include "common/smtp/proxy_header.h"
#include "fuzz.h"

namespace staffetta::smtp {

FUZZ {
  size_t read = 0;
  while (true) {
    const auto parsed = ParseProxyHeader(input.substr(0, read));
    if (std::holds_alternative<NoProxyHeader>(parsed)) return;
    if (const auto* header = std::get_if<ProxyHeader>(&parsed)) {
      boost::system::error_code bad;
      if (!header->client_address.empty()) {
        boost::asio::ip::make_address(header->client_address, bad);
      }
      CHECK(!bad);
      return;
    }
    const size_t more = std::get<ProxyNeedsMore>(parsed).octets;
    CHECK(more > 0);
    read += more;
    if (read > input.size()) return;
  }
}

}  // namespace staffetta::smtp
