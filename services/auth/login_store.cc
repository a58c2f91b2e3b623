// auth:{a}:failed_from:<source>        expires when all failed logins from there are forgotten
// auth:{a}:failed_as:<user>            likewise of a user, from sources that are not usual
// auth:{a}:failed_usual:<user> <source>  likewise of a user from a usual source
// auth:{a}:usual:<user> <source>       expires when that source is usual no more
//
// Their values are empty: what counts is when they expire, which Redis does by its own clock.
#include "auth/login_store.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/base/network.h"

namespace staffetta::auth {
namespace {

using redis::Command;
using redis::Script;
using redis::Value;

// Nobody's name is longer; the keys of guesses do not get long either.
constexpr size_t kLongestName = 64;

std::string FromKey(const Login& login) {
  return absl::StrCat("auth:{a}:failed_from:", login.source);
}
std::string AsKey(const Login& login) {
  return absl::StrCat("auth:{a}:failed_as:", login.user.substr(0, kLongestName));
}
std::string PairKey(const char* kind, const Login& login) {
  return absl::StrCat("auth:{a}:", kind, ":", login.user.substr(0, kLongestName), " ",
                      login.source);
}
std::string FailedUsualKey(const Login& login) { return PairKey("failed_usual", login); }
std::string UsualKey(const Login& login) { return PairKey("usual", login); }

// PTTL says -2 when there is no such key.
absl::Duration TimeLeft(const Value& reply) {
  return absl::Milliseconds(std::max<int64_t>(reply.integer(), 0));
}

std::string Millis(absl::Duration duration) {
  return absl::StrCat(std::max<int64_t>(absl::ToInt64Milliseconds(duration), 1));
}

// ARGV: milliseconds that a failure adds, then the most for each key.
const Script& AddScript() {
  static const Script script("auth-failed-login", R"(
local left = {}
for i = 2, #ARGV do
  local key = KEYS[i - 1]
  local now = math.max(redis.call('PTTL', key), 0)
  left[i - 1] = math.min(now + tonumber(ARGV[1]), math.max(tonumber(ARGV[i]), now))
  redis.call('SET', key, '', 'PX', left[i - 1])
end
return left)");
  return script;
}

}  // namespace

std::vector<Command> LoginStore::PastCommands(const Login& login) {
  std::vector<Command> commands;
  commands.emplace_back("PTTL", FromKey(login));
  commands.emplace_back("PTTL", AsKey(login));
  commands.emplace_back("PTTL", UsualKey(login));
  return commands;
}

absl::StatusOr<LoginStore::Past> LoginStore::ReadPast(const std::vector<Value>& replies) {
  if (replies.size() != 3) return absl::InternalError("the past of a login is not what was asked");
  return Past{TimeLeft(replies[0]), TimeLeft(replies[1]), TimeLeft(replies[2])};
}

Co<absl::StatusOr<LoginStore::Past>> LoginStore::AddFailure(Login login, Failure failure) {
  std::vector<std::string> keys{FromKey(login)};
  std::vector<std::string> args{Millis(failure.counts), Millis(failure.most_source)};
  if (!login.user.empty()) {
    keys.push_back(AsKey(login));
    args.push_back(Millis(failure.most_user));
  }
  const absl::StatusOr<Value> left =
      co_await client_.Eval(AddScript(), std::move(keys), std::move(args));
  if (!left.ok()) co_return left.status();
  const std::vector<Value>& counts = left->array();
  if (counts.empty()) co_return absl::InternalError("failed logins were not counted");
  co_return Past{.source_failures = TimeLeft(counts[0]),
                 .user_failures = counts.size() > 1 ? TimeLeft(counts[1]) : absl::ZeroDuration()};
}

Co<absl::StatusOr<absl::Duration>> LoginStore::AddUsualFailure(Login login, Failure failure) {
  std::vector<std::string> keys{FailedUsualKey(login)};
  std::vector<std::string> args{Millis(failure.counts), Millis(failure.most_user)};
  const absl::StatusOr<Value> left =
      co_await client_.Eval(AddScript(), std::move(keys), std::move(args));
  if (!left.ok()) co_return left.status();
  if (left->array().size() != 1) co_return absl::InternalError("failed logins were not counted");
  co_return TimeLeft(left->array()[0]);
}

Co<absl::Status> LoginStore::SetUsual(Login login, absl::Duration remember) {
  const absl::StatusOr<Value> reply =
      co_await client_.Run(Command("SET", UsualKey(login), "", "PX", Millis(remember)));
  co_return reply.status();
}

std::string SourceOf(const std::string& client_address) {
  boost::system::error_code bad;
  asio::ip::address address = asio::ip::make_address(client_address, bad);
  if (bad) return client_address.substr(0, kLongestName);
  if (!address.is_v6()) return address.to_string();
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  }
  asio::ip::address_v6::bytes_type bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return absl::StrCat(asio::ip::make_address_v6(bytes).to_string(), "/64");
}

}  // namespace staffetta::auth
