#include "common/redis/verdict.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/base/text.h"

namespace staffetta::redis {
namespace {

using enum Verdict::Kind;

// Said before a command has run; none of them of a script in its middle (client_test and
// cluster_test have it from Redis itself).
constexpr std::string_view kNotNow[] = {"CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY",
                                        "TRYAGAIN"};

// "MOVED 3999 127.0.0.1:6381"; the host is empty where it is the asked one's.
NodeAddress ReadTarget(std::string_view text, const NodeAddress& asked) {
  const std::vector<std::string> words = absl::StrSplit(ToAbsl(text), ' ');
  if (words.size() < 3) return {};
  const size_t colon = words[2].rfind(':');
  if (colon == std::string::npos) return {};
  int port = 0;
  if (!absl::SimpleAtoi(words[2].substr(colon + 1), &port) || port < 1 || port > 65535) return {};
  std::string host = words[2].substr(0, colon);
  if (host.empty() || host == "?") host = asked.host;
  return {std::move(host), static_cast<uint16_t>(port)};
}

}  // namespace

Verdict Judge(const Connection::Result& result, bool script, const NodeAddress& asked) {
  if (!result.ok()) {
    const absl::Status& status = result.status();
    if (absl::IsUnavailable(status) && WasNotSent(status)) return {kLater};
    return {absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? kLost : kFinal};
  }
  if (!result->is_error()) return {kFinal};
  const std::string_view text = result->str();
  const std::string_view word = text.substr(0, text.find(' '));
  if (word == "MOVED" || (word == "ASK" && !script)) {
    NodeAddress to = ReadTarget(text, asked);
    if (to.host.empty()) return {kLater};
    return {word == "ASK" ? kAsk : kMoved, std::move(to)};
  }
  const bool not_now =
      word == "ASK" || std::find(std::begin(kNotNow), std::end(kNotNow), word) != std::end(kNotNow);
  return {not_now ? kLater : kFinal};
}

}  // namespace staffetta::redis
