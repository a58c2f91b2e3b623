#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/resolver.h"

// Reads the data of single DNS records (RFC 1035 §3.3) with names uncompressed, as libunbound gives
// them. Pure; nullopt: malformed.
namespace staffetta::net {

std::optional<MxRecord> ParseMx(std::string_view data);
std::optional<asio::ip::address> ParseA(std::string_view data);
std::optional<asio::ip::address> ParseAaaa(std::string_view data);
// The strings joined.
std::optional<std::string> ParseTxt(std::string_view data);

// Could DNS know a host or mail domain of this name?
bool IsDnsName(std::string_view name);

}  // namespace staffetta::net
