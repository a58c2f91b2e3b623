#include "common/net/dns_records.h"

#include <algorithm>
#include <cstring>

namespace staffetta::net {
namespace {

constexpr size_t kLongestName = 253;  // as text, without the final dot
constexpr size_t kLongestLabel = 63;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsNameCharacter(char c) {
  const char lower = Lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// The whole of `wire` must be one name. The root is "".
std::optional<std::string> ParseName(std::string_view wire) {
  std::string name;
  while (!wire.empty()) {
    const size_t length = static_cast<unsigned char>(wire.front());
    wire.remove_prefix(1);
    if (length == 0) {
      if (!wire.empty() || name.size() > kLongestName) return std::nullopt;
      return name;
    }
    if (length > kLongestLabel || length > wire.size()) return std::nullopt;
    const std::string_view label = wire.substr(0, length);
    if (!std::all_of(label.begin(), label.end(), IsNameCharacter)) return std::nullopt;
    if (!name.empty()) name += '.';
    std::transform(label.begin(), label.end(), std::back_inserter(name), Lower);
    wire.remove_prefix(length);
  }
  return std::nullopt;
}

template <class Address>
std::optional<asio::ip::address> ParseAddress(std::string_view data) {
  typename Address::bytes_type bytes;
  if (data.size() != bytes.size()) return std::nullopt;
  std::memcpy(bytes.data(), data.data(), bytes.size());
  return Address(bytes);
}

}  // namespace

std::optional<MxRecord> ParseMx(std::string_view data) {
  if (data.size() < 2) return std::nullopt;
  const auto high = static_cast<unsigned char>(data[0]);
  const auto low = static_cast<unsigned char>(data[1]);
  std::optional<std::string> host = ParseName(data.substr(2));
  if (!host.has_value()) return std::nullopt;
  return MxRecord{static_cast<uint16_t>(high << 8 | low), *std::move(host)};
}

std::optional<asio::ip::address> ParseA(std::string_view data) {
  return ParseAddress<asio::ip::address_v4>(data);
}

std::optional<asio::ip::address> ParseAaaa(std::string_view data) {
  return ParseAddress<asio::ip::address_v6>(data);
}

std::optional<std::string> ParseTxt(std::string_view data) {
  std::string text;
  while (!data.empty()) {
    const size_t length = static_cast<unsigned char>(data.front());
    data.remove_prefix(1);
    if (length > data.size()) return std::nullopt;
    text += data.substr(0, length);
    data.remove_prefix(length);
  }
  return text;
}

bool IsDnsName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kLongestName) return false;
  size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!IsNameCharacter(c) || ++label > kLongestLabel) {
      return false;
    }
  }
  return label > 0;
}

}  // namespace staffetta::net
