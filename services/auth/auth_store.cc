// auth:{a}:last_account    number of the newest account
// auth:{a}:accounts        hash: account number → v1.Account without its number
// auth:{a}:next_user       hash: account number → n of its next user
// auth:{a}:user:<name>     hash: "record" → v1.User without senders; "verifier" → see verifier.h.
//                          Of a deleted user only "deleted" → Unix seconds is left
// auth:{a}:users           sorted set, all scores 0: "<account, 20 digits>:<n, 20 digits>" of each
//                          user, which sorts by number
// auth:{a}:networks        hash: name → open networks, separated by spaces, of active SMTP users
// auth:{a}:salt_key        see salts.h
// auth:{a}:changed         channel: names of users whose rights changed
//
// Messages are serialised protobuf. The hash tag keeps all keys in one slot of a cluster, so that
// scripts may touch several.
#include "auth/auth_store.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/ids.h"

namespace staffetta::auth {
namespace {

using redis::Command;
using redis::Script;
using redis::Value;

constexpr char kAccounts[] = "auth:{a}:accounts";
constexpr char kLastAccount[] = "auth:{a}:last_account";
constexpr char kNextUser[] = "auth:{a}:next_user";
constexpr char kUsers[] = "auth:{a}:users";
constexpr char kNetworks[] = "auth:{a}:networks";
constexpr char kSaltKey[] = "auth:{a}:salt_key";

std::string UserKey(const UserName& name) {
  return absl::StrCat("auth:{a}:user:", name.ToString());
}

std::string IndexMember(const UserName& name) {
  return absl::StrFormat("%020d:%020d", name.account_id, name.number);
}

std::optional<UserName> FromIndexMember(const std::string& member) {
  if (member.size() != 41 || member[20] != ':') return std::nullopt;
  UserName name;
  if (!absl::SimpleAtoi(member.substr(0, 20), &name.account_id) ||
      !absl::SimpleAtoi(member.substr(21), &name.number) || IndexMember(name) != member) {
    return std::nullopt;
  }
  return name;
}

absl::Status Corrupt(const std::string& key) {
  return absl::InternalError(absl::StrCat(key, " in Redis cannot be read"));
}

// As the index of networks has them: none unless they may be used now.
std::string UsableNetworks(const v1::User& user) {
  const bool usable = user.status() == v1::USER_STATUS_ACTIVE && user.type() != v1::USER_TYPE_API;
  return usable ? absl::StrJoin(user.open_networks(), " ") : "";
}

absl::StatusOr<v1::Account> ReadAccount(const std::string& number, const std::string& bytes) {
  v1::Account account;
  uint64_t account_id = 0;
  if (!absl::SimpleAtoi(number, &account_id) || !account.ParseFromString(bytes)) {
    return Corrupt(absl::StrCat(kAccounts, " ", number));
  }
  account.set_account_id(account_id);
  return account;
}

const Script& CreateAccountScript() {
  static const Script script("auth-create-account", R"(
local number = redis.call('INCR', KEYS[1])
redis.call('HSET', KEYS[2], number, ARGV[1])
return number)");
  return script;
}

const Script& ReserveScript() {
  static const Script script("auth-reserve-user", R"(
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return -1 end
return redis.call('HINCRBY', KEYS[2], ARGV[1], 1) - 1)");
  return script;
}

const Script& InsertScript() {
  static const Script script("auth-insert-user", R"(
redis.call('HSET', KEYS[1], 'record', ARGV[1], 'verifier', ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[3])
return 1)");
  return script;
}

// KEYS: user, networks. ARGV: expected record, record, verifier or '', networks or '', name,
// channel.
const Script& ReplaceScript() {
  static const Script script("auth-replace-user", R"(
if redis.call('HGET', KEYS[1], 'record') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'record', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'verifier', ARGV[3]) end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[5], ARGV[4])
else
  redis.call('HDEL', KEYS[2], ARGV[5])
end
redis.call('PUBLISH', ARGV[6], ARGV[5])
return 1)");
  return script;
}

// KEYS: user, users, networks. ARGV: index member, name, channel.
const Script& DeleteScript() {
  static const Script script("auth-delete-user", R"(
if redis.call('HEXISTS', KEYS[1], 'record') == 0 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'deleted', redis.call('TIME')[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[2])
return 1)");
  return script;
}

}  // namespace

const char AuthStore::kChanges[] = "auth:{a}:changed";

Co<absl::Status> AuthStore::Check() {
  const absl::StatusOr<Value> reply = co_await client_->Run(Command("PING"));
  co_return reply.status();
}

Co<absl::StatusOr<v1::Account>> AuthStore::CreateAccount(v1::Account account) {
  account.clear_account_id();
  std::vector<std::string> keys{kLastAccount, kAccounts};
  std::vector<std::string> args{account.SerializeAsString()};
  const absl::StatusOr<Value> number =
      co_await client_->Eval(CreateAccountScript(), std::move(keys), std::move(args));
  if (!number.ok()) co_return number.status();
  account.set_account_id(number->integer());
  co_return account;
}

Co<absl::StatusOr<std::vector<v1::Account>>> AuthStore::ListAccounts() {
  const absl::StatusOr<Value> reply = co_await client_->Run(Command("HGETALL", kAccounts));
  if (!reply.ok()) co_return reply.status();
  std::vector<v1::Account> accounts;
  const std::vector<Value>& pairs = reply->array();
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    absl::StatusOr<v1::Account> account = ReadAccount(pairs[i].str(), pairs[i + 1].str());
    if (!account.ok()) co_return account.status();
    accounts.push_back(*std::move(account));
  }
  std::sort(accounts.begin(), accounts.end(), [](const v1::Account& a, const v1::Account& b) {
    return a.account_id() < b.account_id();
  });
  co_return accounts;
}

Co<absl::StatusOr<UserName>> AuthStore::ReserveUserName(uint64_t account_id) {
  std::vector<std::string> keys{kAccounts, kNextUser};
  std::vector<std::string> args{absl::StrCat(account_id)};
  const absl::StatusOr<Value> number =
      co_await client_->Eval(ReserveScript(), std::move(keys), std::move(args));
  if (!number.ok()) co_return number.status();
  if (number->integer() < 0) {
    co_return absl::NotFoundError(absl::StrCat("there is no account ", account_id));
  }
  co_return UserName{account_id, static_cast<uint64_t>(number->integer())};
}

Co<absl::Status> AuthStore::InsertUser(UserName name, v1::User user, Verifier verifier) {
  user.clear_senders();
  std::vector<std::string> keys{UserKey(name), kUsers};
  std::vector<std::string> args{user.SerializeAsString(), verifier.ToString(), IndexMember(name)};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(InsertScript(), std::move(keys), std::move(args));
  co_return reply.status();
}

Co<absl::StatusOr<std::optional<AuthStore::Stored>>> AuthStore::FindUser(UserName name) {
  std::vector<Value> none;
  co_return co_await FindUserWith(name, {}, &none);
}

Co<absl::StatusOr<std::optional<AuthStore::Stored>>> AuthStore::FindUserWith(
    UserName name, std::vector<Command> others, std::vector<Value>* other_replies) {
  const std::string number = absl::StrCat(name.account_id);
  std::vector<Command> commands;
  commands.emplace_back("HMGET", UserKey(name), "record", "verifier");
  commands.emplace_back("HGET", kAccounts, number);
  for (Command& other : others) commands.push_back(std::move(other));
  absl::StatusOr<std::vector<Value>> replies = co_await client_->RunAll(std::move(commands));
  if (!replies.ok()) co_return replies.status();
  other_replies->assign(std::make_move_iterator(replies->begin() + 2),
                        std::make_move_iterator(replies->end()));
  const std::vector<Value>& fields = (*replies)[0].array();
  if (fields.size() != 2) co_return Corrupt(UserKey(name));
  if (fields[0].is_nil()) co_return std::nullopt;

  Stored stored;
  stored.record = fields[0].str();
  std::optional<Verifier> verifier = ParseVerifier(fields[1].str());
  if (!stored.user.ParseFromString(stored.record) || !verifier) co_return Corrupt(UserKey(name));
  stored.verifier = *std::move(verifier);
  absl::StatusOr<v1::Account> account = ReadAccount(number, (*replies)[1].str());
  if (!account.ok()) co_return account.status();
  stored.account = *std::move(account);
  co_return std::optional<Stored>(std::move(stored));
}

Co<absl::StatusOr<bool>> AuthStore::Replace(Stored old, v1::User user,
                                            std::optional<Verifier> verifier) {
  user.clear_senders();
  const std::string name = user.user();
  const std::optional<UserName> parsed = ParseUserName(name);
  if (!parsed) co_return Corrupt(name);
  std::vector<std::string> keys{UserKey(*parsed), kNetworks};
  std::vector<std::string> args{std::move(old.record),
                                user.SerializeAsString(),
                                verifier ? verifier->ToString() : "",
                                UsableNetworks(user),
                                name,
                                kChanges};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(ReplaceScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return reply->integer() == 1;
}

Co<absl::StatusOr<bool>> AuthStore::DeleteUser(UserName name) {
  std::vector<std::string> keys{UserKey(name), kUsers, kNetworks};
  std::vector<std::string> args{IndexMember(name), name.ToString(), kChanges};
  const absl::StatusOr<Value> reply =
      co_await client_->Eval(DeleteScript(), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  co_return reply->integer() == 1;
}

Co<absl::StatusOr<AuthStore::Page>> AuthStore::ListUsers(uint64_t account_id, std::string after,
                                                         int limit) {
  if (!after.empty() && !FromIndexMember(after)) {
    co_return absl::InvalidArgumentError("page_token is not from an answer of ListUsers");
  }
  // ';' follows ':', so that the range ends behind the account's last user.
  const std::string account = absl::StrFormat("%020d", account_id);
  std::string from = account_id == 0 ? "-" : absl::StrCat("[", account, ":");
  const std::string to = account_id == 0 ? "+" : absl::StrCat("(", account, ";");
  // Never before the account's own range, whatever the token says.
  if (!after.empty() && (account_id == 0 || after > account)) from = absl::StrCat("(", after);
  const absl::StatusOr<Value> members =
      co_await client_->Run(Command("ZRANGEBYLEX", kUsers, from, to, "LIMIT", 0, limit));
  if (!members.ok()) co_return members.status();
  Page page;
  if (members->array().empty()) co_return page;

  std::vector<Command> commands;
  for (const Value& member : members->array()) {
    const std::optional<UserName> name = FromIndexMember(member.str());
    if (!name) co_return Corrupt(kUsers);
    commands.emplace_back("HGET", UserKey(*name), "record");
  }
  const absl::StatusOr<std::vector<Value>> records = co_await client_->RunAll(std::move(commands));
  if (!records.ok()) co_return records.status();
  for (const Value& record : *records) {
    if (record.is_nil()) continue;  // deleted since the index was read
    if (!page.users.emplace_back().ParseFromString(record.str())) co_return Corrupt(kUsers);
  }
  if (static_cast<int>(members->array().size()) == limit) page.next = members->array().back().str();
  co_return page;
}

Co<absl::StatusOr<std::string>> AuthStore::SaltKey() {
  std::vector<Command> commands;
  commands.emplace_back("SET", kSaltKey, NewToken(), "NX");
  commands.emplace_back("GET", kSaltKey);
  absl::StatusOr<std::vector<Value>> replies = co_await client_->RunAll(std::move(commands));
  if (!replies.ok()) co_return replies.status();
  co_return (*replies)[1].TakeString();
}

Co<absl::StatusOr<std::vector<NetworkTable::Entry>>> AuthStore::OpenNetworks() {
  const absl::StatusOr<Value> reply = co_await client_->Run(Command("HGETALL", kNetworks));
  if (!reply.ok()) co_return reply.status();
  std::vector<NetworkTable::Entry> entries;
  const std::vector<Value>& pairs = reply->array();
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const std::optional<UserName> name = ParseUserName(pairs[i].str());
    if (!name) co_return Corrupt(kNetworks);
    const std::vector<std::string> networks = absl::StrSplit(pairs[i + 1].str(), ' ');
    for (const std::string& text : networks) {
      const absl::StatusOr<Network> network = ParseNetwork(text);
      if (!network.ok()) co_return Corrupt(kNetworks);
      entries.push_back({*network, *name});
    }
  }
  co_return entries;
}

}  // namespace staffetta::auth
