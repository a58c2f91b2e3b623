// auth:{a}:sent:<user>   hash: length of a window in seconds → "<number of the window>:<messages in
//                        it>"; expires when the longest window ends
#include "auth/rate_store.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <utility>
#include <vector>

namespace staffetta::auth {
namespace {

using redis::Script;
using redis::Value;

// ARGV: length of a window and the most in it, by turns. Answers which of them is full, and for how
// many seconds; or nothing.
const Script& CountScript() {
  static const Script script("auth-count-message", R"(
local now = tonumber(redis.call('TIME')[1])
local counts = {}
for i = 1, #ARGV, 2 do
  local length = tonumber(ARGV[i])
  local number = math.floor(now / length)
  local stored = redis.call('HGET', KEYS[1], ARGV[i])
  local of, count = string.match(stored or '', '^(%d+):(%d+)$')
  count = tonumber(of) == number and tonumber(count) or 0
  if count >= tonumber(ARGV[i + 1]) then return {i, (number + 1) * length - now} end
  counts[i] = {number, count + 1, (number + 1) * length - now}
end
local longest = 0
for i = 1, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], string.format('%d:%d', counts[i][1], counts[i][2]))
  longest = math.max(longest, counts[i][3])
end
redis.call('EXPIRE', KEYS[1], longest)
return {})");
  return script;
}

}  // namespace

Co<absl::StatusOr<RateStore::Answer>> RateStore::Count(std::string user, v1::Caps caps) {
  struct Window {
    const char* name;
    int seconds;
    int most;
  };
  const std::array<Window, 3> all{{{"minute", 60, caps.messages_per_minute()},
                                   {"hour", 3600, caps.messages_per_hour()},
                                   {"day", 86400, caps.messages_per_day()}}};
  std::vector<Window> windows;
  std::vector<std::string> args;
  for (const Window& window : all) {
    if (window.most <= 0) continue;
    windows.push_back(window);
    args.push_back(absl::StrCat(window.seconds));
    args.push_back(absl::StrCat(window.most));
  }
  if (windows.empty()) co_return Answer{};
  std::vector<std::string> keys{absl::StrCat("auth:{a}:sent:", user)};
  const absl::StatusOr<Value> reply =
      co_await client_.Eval(CountScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  const std::vector<Value>& full = reply->array();
  if (full.empty()) co_return Answer{};
  const size_t which = static_cast<size_t>(full[0].integer() - 1) / 2;
  if (full.size() != 2 || which >= windows.size()) {
    co_return absl::InternalError("the count of messages is not what was asked");
  }
  co_return Answer{windows[which].most, windows[which].name, absl::Seconds(full[1].integer())};
}

}  // namespace staffetta::auth
