#include "common/smtp/xclient.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "common/smtp/ascii.h"
#include "common/smtp/params.h"

namespace staffetta::smtp {
namespace {

constexpr size_t kLongestValue = 255;

bool IsUnknown(std::string_view value) {
  return EqualsIgnoreCase(value, "[UNAVAILABLE]") || EqualsIgnoreCase(value, "[TEMPUNAVAIL]");
}

// In the one way to write it; nullopt: it is none.
std::optional<std::string> Canonical(std::string_view text) {
  constexpr std::string_view kIpv6 = "IPV6:";
  const bool ipv6 = StartsWithIgnoreCase(text, kIpv6);
  const int family = ipv6 ? AF_INET6 : AF_INET;
  if (ipv6) text.remove_prefix(kIpv6.size());
  unsigned char address[16];
  char written[INET6_ADDRSTRLEN];
  if (inet_pton(family, std::string(text).c_str(), address) != 1) return {};
  return inet_ntop(family, address, written, sizeof written);
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), IsDigit) &&
         std::stoi(std::string(text)) <= 65535;
}

// False: the attribute cannot have that value, or is none. `value` is decoded; empty: not known.
bool Take(const std::string& attribute, std::string value, Xclient* xclient) {
  if (attribute == "NAME") {
    xclient->name = std::move(value);
  } else if (attribute == "HELO") {
    xclient->hello = std::move(value);
  } else if (attribute == "LOGIN") {
    xclient->login = std::move(value);
  } else if (attribute == "ADDR" || attribute == "DESTADDR") {
    const auto address = value.empty() ? std::string() : Canonical(value);
    if (!address) return false;
    if (attribute == "ADDR") xclient->address = *address;
  } else if (attribute == "PORT" || attribute == "DESTPORT") {
    return value.empty() || IsPort(value);
  } else {
    return attribute == "PROTO" &&
           (EqualsIgnoreCase(value, "SMTP") || EqualsIgnoreCase(value, "ESMTP"));
  }
  return true;
}

}  // namespace

Parsed<Xclient, SyntaxError> ParseXclient(std::string_view argument) {
  Xclient xclient;
  std::set<std::string> seen;
  for (argument = Trim(argument); !argument.empty(); argument = TrimLeft(argument)) {
    const size_t space = std::min(argument.find(' '), argument.size());
    const std::string_view pair = argument.substr(0, space);
    argument.remove_prefix(space);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return SyntaxError::kBadParameter;
    const std::string attribute = ToUpper(pair.substr(0, equals));
    auto value = DecodeXtext(pair.substr(equals + 1));
    if (!value || value->empty() || value->size() > kLongestValue) {
      return SyntaxError::kBadParameterValue;
    }
    if (!seen.insert(attribute).second) return SyntaxError::kDuplicateParameter;
    if (IsUnknown(*value)) value->clear();
    if (!Take(attribute, *std::move(value), &xclient)) return SyntaxError::kBadParameterValue;
  }
  if (seen.empty()) return SyntaxError::kBadArgument;
  return xclient;
}

}  // namespace staffetta::smtp
