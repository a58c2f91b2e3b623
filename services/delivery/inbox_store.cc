#include "delivery/inbox_store.h"

#include <absl/strings/numbers.h>

#include <utility>

namespace staffetta::delivery {
namespace {

constexpr char kCapture[] = R"lua(
-- KEYS order, last, message, content; ARGV delivery id, message, content, how many to keep
local seen = redis.call('ZSCORE', KEYS[1], ARGV[1])
if seen then return tonumber(seen) end
local number = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[1], number, ARGV[1])
redis.call('HSET', KEYS[3], number, ARGV[2])
redis.call('HSET', KEYS[4], number, ARGV[3])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[4])
if over > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[1], over)
  for i = 2, #oldest, 2 do
    redis.call('HDEL', KEYS[3], oldest[i])
    redis.call('HDEL', KEYS[4], oldest[i])
  end
end
return number
)lua";

constexpr char kList[] = R"lua(
-- KEYS order, message; ARGV highest score, limit. Returns the total, then number and message of each
local found = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'WITHSCORES',
                         'LIMIT', 0, ARGV[2])
local answer = {redis.call('ZCARD', KEYS[1])}
for i = 2, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = redis.call('HGET', KEYS[2], found[i])
end
return answer
)lua";

constexpr char kClear[] = R"lua(
-- KEYS order, message, content
local total = redis.call('ZCARD', KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
return total
)lua";

const redis::Script& CaptureScript() {
  static const redis::Script script("inbox capture", kCapture);
  return script;
}
const redis::Script& ListScript() {
  static const redis::Script script("inbox list", kList);
  return script;
}
const redis::Script& ClearScript() {
  static const redis::Script script("inbox clear", kClear);
  return script;
}

std::string Key(uint64_t account, std::string_view what) {
  return "inbox:{i" + std::to_string(account) + "}:" + std::string(what);
}

absl::StatusOr<v1::CapturedMessage> Unpack(uint64_t number, const std::string& packed) {
  v1::CapturedMessage message;
  if (!message.ParseFromString(packed)) {
    return absl::DataLossError("a captured message cannot be read");
  }
  message.set_number(number);
  return message;
}

}  // namespace

Co<absl::StatusOr<uint64_t>> InboxStore::Capture(uint64_t account, std::string delivery_id,
                                                 v1::CapturedMessage message) {
  std::string content = std::move(*message.mutable_content());
  message.clear_content();
  std::vector<std::string> keys{Key(account, "order"), Key(account, "last"),
                                Key(account, "message"), Key(account, "content")};
  std::vector<std::string> args{std::move(delivery_id), message.SerializeAsString(),
                                std::move(content), std::to_string(keep_)};
  const auto reply = co_await redis_->Eval(CaptureScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  const absl::StatusOr<int64_t> number = reply->AsInteger();
  if (!number.ok()) co_return number.status();
  co_return static_cast<uint64_t>(*number);
}

Co<absl::StatusOr<InboxStore::Page>> InboxStore::List(uint64_t account, uint64_t below, int limit) {
  std::vector<std::string> keys{Key(account, "order"), Key(account, "message")};
  std::vector<std::string> args{below == 0 ? "+inf" : "(" + std::to_string(below),
                                std::to_string(limit)};
  const auto reply = co_await redis_->Eval(ListScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  const std::vector<redis::Value>& answer = reply->array();
  if (answer.empty()) co_return absl::InternalError("unexpected reply");
  Page page;
  page.total = answer[0].integer();
  for (size_t i = 1; i + 1 < answer.size(); i += 2) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(answer[i].str(), &number)) {
      co_return absl::InternalError("unexpected reply");
    }
    auto message = Unpack(number, answer[i + 1].str());
    if (!message.ok()) co_return message.status();
    page.messages.push_back(*std::move(message));
  }
  co_return page;
}

Co<absl::StatusOr<std::optional<v1::CapturedMessage>>> InboxStore::Get(uint64_t account,
                                                                       uint64_t number) {
  std::vector<redis::Command> commands;
  commands.emplace_back("HGET", Key(account, "message"), number);
  commands.emplace_back("HGET", Key(account, "content"), number);
  auto replies = co_await redis_->RunAll(std::move(commands));
  if (!replies.ok()) co_return replies.status();
  // Between the two it may have been forgotten.
  if ((*replies)[0].is_nil() || (*replies)[1].is_nil()) co_return std::nullopt;
  auto message = Unpack(number, (*replies)[0].str());
  if (!message.ok()) co_return message.status();
  message->set_content((*replies)[1].TakeString());
  co_return *std::move(message);
}

Co<absl::StatusOr<int64_t>> InboxStore::Clear(uint64_t account) {
  std::vector<std::string> keys{Key(account, "order"), Key(account, "message"),
                                Key(account, "content")};
  const auto reply = co_await redis_->Eval(ClearScript(), std::move(keys), {});
  if (!reply.ok()) co_return reply.status();
  co_return reply->AsInteger();
}

}  // namespace staffetta::delivery
