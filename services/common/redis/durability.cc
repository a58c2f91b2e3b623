#include "common/redis/durability.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/text.h"

namespace staffetta::redis {
namespace {

struct Requirement {
  const char* setting;
  const char* value;
  bool about_volatility;
};

constexpr Requirement kRequirements[] = {
    {"appendonly", "yes", true},
    {"appendfsync", "always", true},
    {"maxmemory-policy", "noeviction", false},
};

absl::Status CannotTell(const std::string& master, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot tell whether the Redis at ", master, " is durable: CONFIG GET is ", why,
      "; grant the user CONFIG, or set allow_volatile to go without the check; where a "
      "second store is durable in a way of its own, set assume_durable there"));
}

// The value in an answer to CONFIG GET. FAILED_PRECONDITION: it is not told.
absl::StatusOr<std::string> SettingIn(const absl::StatusOr<Value>& answer,
                                      const std::string& master) {
  // INTERNAL: "ERR unknown command", where CONFIG has been renamed.
  if (absl::IsPermissionDenied(answer.status()) || absl::IsInternal(answer.status())) {
    return CannotTell(master, std::string(answer.status().message()));
  }
  if (!answer.ok()) return answer.status();
  if (answer->array().size() != 2) return CannotTell(master, "not answered");
  return answer->array()[1].str();
}

absl::Status CheckMaster(const Client::OfMaster& one, Demand demand) {
  for (size_t i = 0; i < one.results.size(); ++i) {
    const Requirement& required = kRequirements[i];
    const absl::StatusOr<std::string> found = SettingIn(one.results[i], one.master);
    if (absl::IsFailedPrecondition(found.status()) && demand != Demand::kShown) continue;
    if (!found.ok()) return found.status();
    const bool demanded = demand != Demand::kNoEviction || !required.about_volatility;
    if (*found == required.value || !demanded) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "the Redis at ", one.master, " would lose messages: ", required.setting, " is ", *found,
        "; set \"", required.setting, " ", required.value, "\" in redis.conf",
        required.about_volatility ? ", or allow_volatile to accept the loss" : ""));
  }
  return absl::OkStatus();
}

// The value of "<name>:<value>" among the lines of INFO; 0: it is not there.
int NumberIn(const std::string& info, std::string_view name) {
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(info, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(line, ':');
    if (ToStd(parts.first) == name) (void)absl::SimpleAtoi(parts.second, &number);
  }
  return number;
}

}  // namespace

Co<absl::Status> CheckDurable(Client& client, Demand demand) {
  std::vector<Command> questions;
  for (const Requirement& required : kRequirements) {
    questions.push_back(Command("CONFIG", "GET", required.setting));
  }
  const auto answers = co_await client.RunOnMasters(std::move(questions));
  if (!answers.ok()) co_return answers.status();
  for (const Client::OfMaster& one : *answers) {
    const absl::Status status = CheckMaster(one, demand);
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Co<absl::Status> CheckReplicas(Client& client, int replicas) {
  std::vector<Command> questions = {Command("CONFIG", "GET", "min-replicas-to-write"),
                                    Command("CONFIG", "GET", "min-replicas-max-lag")};
  const auto answers = co_await client.RunOnMasters(std::move(questions));
  if (!answers.ok()) co_return answers.status();
  for (const auto& [master, results] : *answers) {
    const absl::StatusOr<std::string> to_write = SettingIn(results[0], master);
    if (!to_write.ok()) co_return to_write.status();
    const absl::StatusOr<std::string> max_lag = SettingIn(results[1], master);
    if (!max_lag.ok()) co_return max_lag.status();
    int least = 0;
    if (!absl::SimpleAtoi(*to_write, &least) || least < replicas || *max_lag == "0") {
      co_return absl::FailedPreconditionError(
          absl::StrCat("the Redis at ", master, " acknowledges what fewer than ", replicas,
                       " replicas can take: min-replicas-to-write is ", *to_write,
                       ", min-replicas-max-lag is ", *max_lag, "; set \"min-replicas-to-write ",
                       replicas, "\" and \"min-replicas-max-lag 2\" in redis.conf"));
    }
  }
  co_return absl::OkStatus();
}

Co<absl::StatusOr<std::vector<std::string>>> MastersWithMoreReplicas(Client& client, int replicas) {
  std::vector<Command> questions = {Command("INFO", "replication")};
  auto answers = co_await client.RunOnMasters(std::move(questions));
  if (!answers.ok()) co_return answers.status();
  std::vector<std::string> found;
  for (const auto& [master, results] : *answers) {
    if (results[0].ok() && NumberIn(results[0]->str(), "connected_slaves") > replicas) {
      found.push_back(master);
    }
  }
  co_return found;
}

}  // namespace staffetta::redis
