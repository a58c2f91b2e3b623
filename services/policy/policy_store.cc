// policy:{s}:senders:<account>  hash: name → v1.Sender, serialised protobuf
// policy:{s}:users:<account>    hash: user → names of its senders, each followed by "\n"
// policy:{s}:due                sorted set: "<account>/<domain>" → Unix milliseconds, by Redis's
//                               clock, when its TXT record is to be looked up again
// policy:{s}:misses             hash: "<account>/<domain>" → consecutive look-ups without a proof
// policy:{s}:changed            channel: numbers of accounts that were changed
//
// The hash tag keeps all keys in one slot of a cluster, so that scripts may touch several.
#include "policy/policy_store.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <utility>

namespace staffetta::policy {
namespace {

using redis::Command;
using redis::Script;
using redis::Value;

constexpr char kDue[] = "policy:{s}:due";
constexpr char kMisses[] = "policy:{s}:misses";

std::string SendersKey(uint64_t account_id) {
  return absl::StrCat("policy:{s}:senders:", account_id);
}
std::string UsersKey(uint64_t account_id) { return absl::StrCat("policy:{s}:users:", account_id); }
std::string Member(uint64_t account_id, const std::string& name) {
  return absl::StrCat(account_id, "/", name);
}

absl::Status Corrupt(const std::string& key) {
  return absl::InternalError(absl::StrCat(key, " in Redis cannot be read"));
}

constexpr char kNow[] = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
)";

// KEYS: senders, users. ARGV: channel, account, user or '', then name, record, …
const Script& AddScript() {
  static const Script script("policy-add-senders", R"(
local names = ''
for i = 4, #ARGV, 2 do
  redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
  names = names .. ARGV[i] .. '\n'
end
if ARGV[3] ~= '' then
  if names == '' then
    redis.call('HDEL', KEYS[2], ARGV[3])
  else
    redis.call('HSET', KEYS[2], ARGV[3], names)
  end
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1)");
  return script;
}

// KEYS: senders, due, misses. ARGV: channel, account, name, old, new, member, milliseconds or -1.
const Script& ReplaceScript() {
  static const Script script("policy-replace-sender", std::string(kNow) + R"(
if redis.call('HGET', KEYS[1], ARGV[3]) ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[5])
redis.call('HDEL', KEYS[3], ARGV[6])
if tonumber(ARGV[7]) >= 0 then
  redis.call('ZADD', KEYS[2], now + ARGV[7], ARGV[6])
else
  redis.call('ZREM', KEYS[2], ARGV[6])
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1)");
  return script;
}

// KEYS: senders, users, due, misses. ARGV: channel, account, name, member. O(users of the account).
const Script& RemoveScript() {
  static const Script script("policy-remove-sender", R"(
redis.call('HDEL', KEYS[1], ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[4])
redis.call('HDEL', KEYS[4], ARGV[4])
local users = redis.call('HGETALL', KEYS[2])
for i = 1, #users, 2 do
  local kept = ''
  for name in string.gmatch(users[i + 1], '([^\n]+)\n') do
    if name ~= ARGV[3] then kept = kept .. name .. '\n' end
  end
  if kept == '' then
    redis.call('HDEL', KEYS[2], users[i])
  elseif kept ~= users[i + 1] then
    redis.call('HSET', KEYS[2], users[i], kept)
  end
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1)");
  return script;
}

// KEYS: due. ARGV: claim in milliseconds, limit, longest wait. Answer: wait, members.
const Script& TakeDueScript() {
  static const Script script("policy-take-due", std::string(kNow) + R"(
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])
for i = 1, #due do redis.call('ZADD', KEYS[1], now + ARGV[1], due[i]) end
local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local wait = tonumber(ARGV[3])
if next[2] then wait = math.max(0, math.min(wait, next[2] - now)) end
return {wait, due})");
  return script;
}

// KEYS: due, misses. ARGV: member, milliseconds, look: 0 found, 1 missed, 2 unknown.
const Script& PostponeScript() {
  static const Script script("policy-postpone", std::string(kNow) + R"(
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if ARGV[3] == '1' then return redis.call('HINCRBY', KEYS[2], ARGV[1], 1) end
if ARGV[3] == '0' then redis.call('HDEL', KEYS[2], ARGV[1]) end
return 0)");
  return script;
}

std::vector<std::string> AddArguments(uint64_t account_id, const std::string& user,
                                      const std::vector<v1::Sender>& senders) {
  std::vector<std::string> args{PolicyStore::kChanges, absl::StrCat(account_id), user};
  for (const v1::Sender& sender : senders) {
    args.push_back(sender.name());
    args.push_back(sender.SerializeAsString());
  }
  return args;
}

}  // namespace

const char PolicyStore::kChanges[] = "policy:{s}:changed";

Co<absl::Status> PolicyStore::Check() {
  const absl::StatusOr<Value> reply = co_await client_->Run(Command("PING"));
  co_return reply.status();
}

Co<absl::StatusOr<Rights>> PolicyStore::Load(uint64_t account_id) {
  std::vector<Command> commands;
  commands.emplace_back("HGETALL", SendersKey(account_id));
  commands.emplace_back("HGETALL", UsersKey(account_id));
  const absl::StatusOr<std::vector<Value>> replies = co_await client_->RunAll(std::move(commands));
  if (!replies.ok()) co_return replies.status();
  Rights rights;
  const std::vector<Value>& senders = (*replies)[0].array();
  for (size_t i = 0; i + 1 < senders.size(); i += 2) {
    v1::Sender& sender = rights.senders[senders[i].str()];
    if (!sender.ParseFromString(senders[i + 1].str())) co_return Corrupt(SendersKey(account_id));
  }
  const std::vector<Value>& users = (*replies)[1].array();
  for (size_t i = 0; i + 1 < users.size(); i += 2) {
    const std::vector<std::string> names =
        absl::StrSplit(users[i + 1].str(), '\n', absl::SkipEmpty());
    rights.users[users[i].str()].insert(names.begin(), names.end());
  }
  co_return rights;
}

Co<absl::Status> PolicyStore::AddSenders(uint64_t account_id, std::vector<v1::Sender> senders) {
  std::vector<std::string> keys{SendersKey(account_id), UsersKey(account_id)};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(AddScript(), std::move(keys), AddArguments(account_id, "", senders));
  co_return reply.status();
}

Co<absl::Status> PolicyStore::SetUser(uint64_t account_id, std::string user,
                                      std::vector<v1::Sender> senders) {
  std::vector<std::string> keys{SendersKey(account_id), UsersKey(account_id)};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(AddScript(), std::move(keys), AddArguments(account_id, user, senders));
  co_return reply.status();
}

Co<absl::StatusOr<bool>> PolicyStore::Replace(v1::Sender old, v1::Sender now,
                                              std::optional<absl::Duration> recheck_in) {
  const uint64_t account_id = now.account_id();
  std::vector<std::string> keys{SendersKey(account_id), kDue, kMisses};
  std::vector<std::string> args{
      kChanges,
      absl::StrCat(account_id),
      now.name(),
      old.SerializeAsString(),
      now.SerializeAsString(),
      Member(account_id, now.name()),
      absl::StrCat(recheck_in ? absl::ToInt64Milliseconds(*recheck_in) : -1)};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(ReplaceScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return reply->integer() == 1;
}

Co<absl::Status> PolicyStore::Remove(uint64_t account_id, std::string name) {
  std::vector<std::string> keys{SendersKey(account_id), UsersKey(account_id), kDue, kMisses};
  std::vector<std::string> args{kChanges, absl::StrCat(account_id), name, Member(account_id, name)};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(RemoveScript(), std::move(keys), std::move(args));
  co_return reply.status();
}

Co<absl::StatusOr<PolicyStore::DueList>> PolicyStore::TakeDue(absl::Duration claim, int limit) {
  constexpr absl::Duration kLongestWait = absl::Minutes(1);
  std::vector<std::string> keys{kDue};
  std::vector<std::string> args{absl::StrCat(absl::ToInt64Milliseconds(claim)), absl::StrCat(limit),
                                absl::StrCat(absl::ToInt64Milliseconds(kLongestWait))};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(TakeDueScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  if (reply->array().size() != 2) co_return Corrupt(kDue);
  DueList list;
  list.next = absl::Milliseconds(reply->array()[0].integer());
  for (const Value& member : reply->array()[1].array()) {
    const size_t slash = member.str().find('/');
    Due& due = list.due.emplace_back();
    if (slash == std::string::npos ||
        !absl::SimpleAtoi(member.str().substr(0, slash), &due.account_id)) {
      co_return Corrupt(kDue);
    }
    due.domain = member.str().substr(slash + 1);
  }
  co_return list;
}

Co<absl::StatusOr<int64_t>> PolicyStore::Postpone(Due due, absl::Duration by, Look look) {
  std::vector<std::string> keys{kDue, kMisses};
  std::vector<std::string> args{Member(due.account_id, due.domain),
                                absl::StrCat(absl::ToInt64Milliseconds(by)),
                                absl::StrCat(static_cast<int>(look))};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(PostponeScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return reply->integer();
}

}  // namespace staffetta::policy
