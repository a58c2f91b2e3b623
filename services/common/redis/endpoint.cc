#include "common/redis/endpoint.h"

#include <sys/un.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/text.h"

namespace staffetta::redis {
namespace {

constexpr size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

bool ConsumePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool PercentDecode(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || !absl::ascii_isxdigit(text[i + 1]) ||
        !absl::ascii_isxdigit(text[i + 2])) {
      return false;
    }
    out.append(absl::HexStringToBytes(ToAbsl(text.substr(i + 1, 2))));
    i += 2;
  }
  return true;
}

absl::Status ParseHostPort(std::string_view text, bool port_required, Endpoint& endpoint) {
  std::string_view port;
  if (ConsumePrefix(text, "[")) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return absl::InvalidArgumentError("no ']' after the host");
    endpoint.host = text.substr(0, end);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') {
      return absl::InvalidArgumentError("something other than a port follows ']'");
    }
  } else {
    const size_t colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (endpoint.host.empty()) return absl::InvalidArgumentError("the host is missing");
  if (port.empty()) {
    if (port_required) return absl::InvalidArgumentError("the port is missing");
    return absl::OkStatus();
  }
  int number = 0;
  if (!absl::SimpleAtoi(ToAbsl(port.substr(1)), &number) || number < 1 || number > 65535) {
    return absl::InvalidArgumentError("the port is not a number from 1 to 65535");
  }
  endpoint.port = static_cast<uint16_t>(number);
  return absl::OkStatus();
}

absl::StatusOr<Endpoint> ParseUrl(std::string_view rest) {
  Endpoint endpoint;
  const size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const size_t colon = user_info.find(':');
    if (colon == std::string_view::npos) {
      return absl::InvalidArgumentError("what precedes '@' must be user:password or :password");
    }
    if (!PercentDecode(user_info.substr(0, colon), endpoint.username) ||
        !PercentDecode(user_info.substr(colon + 1), endpoint.password)) {
      return absl::InvalidArgumentError("the user or password is not well percent-encoded");
    }
  }
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view database = rest.substr(slash + 1);
    if (!database.empty() &&
        (!absl::SimpleAtoi(ToAbsl(database), &endpoint.database) || endpoint.database < 0)) {
      return absl::InvalidArgumentError("the database is not a number");
    }
    rest = rest.substr(0, slash);
  }
  if (absl::Status status = ParseHostPort(rest, false, endpoint); !status.ok()) return status;
  return endpoint;
}

}  // namespace

absl::StatusOr<Endpoint> Endpoint::Parse(std::string_view text) {
  if (ConsumePrefix(text, "redis://")) return ParseUrl(text);
  Endpoint endpoint;
  if (ConsumePrefix(text, "unix:")) {
    if (text.empty() || text.front() != '/') {
      return absl::InvalidArgumentError("a Unix socket needs an absolute path");
    }
    if (text.size() > kMaxUnixPath) {
      return absl::InvalidArgumentError(absl::StrCat("the path of a Unix socket may have ",
                                                     kMaxUnixPath, " bytes, this one has ",
                                                     text.size(), ": ", ToAbsl(text)));
    }
    endpoint.unix_path = text;
    return endpoint;
  }
  if (text.find("://") != std::string_view::npos || text.find('@') != std::string_view::npos) {
    return absl::InvalidArgumentError("expected unix:/path, host:port or redis://host:port");
  }
  if (absl::Status status = ParseHostPort(text, true, endpoint); !status.ok()) return status;
  return endpoint;
}

std::string Endpoint::ToString() const {
  if (!unix_path.empty()) return absl::StrCat("unix:", unix_path);
  const bool v6 = host.find(':') != std::string::npos;
  const std::string address = absl::StrCat(v6 ? "[" : "", host, v6 ? "]:" : ":", port);
  return database == 0 ? address : absl::StrCat(address, "/", database);
}

}  // namespace staffetta::redis
