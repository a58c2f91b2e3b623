#include "common/redis/partitions.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

constexpr char kRemember[] = R"LUA(
local before = tonumber(redis.call('GET', KEYS[1]) or 1)
local configured = tonumber(ARGV[1])
if configured <= before then return before end
redis.call('SET', KEYS[1], configured)
return configured
)LUA";

}  // namespace

Co<absl::StatusOr<int>> PartitionsInUse(Client& client, int configured) {
  static const Script script("partitions", kRemember);
  std::vector<std::string> keys{"partitions:{0}"};
  std::vector<std::string> args{absl::StrCat(configured)};
  const auto reply = co_await client.Eval(script, std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return static_cast<int>(reply->integer());
}

}  // namespace staffetta::redis
